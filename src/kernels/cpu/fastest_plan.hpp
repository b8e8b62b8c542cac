/// @file Choosing among prepared plans by measurement.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "tvw/kernels/device.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Index of the plan that is fastest on activations of ones: medians over interleaved rounds, after
/// one run of each. REQUIRES: there is a plan.
[[nodiscard]] size_t fastest_plan(const Problem& problem,
                                  std::span<const std::unique_ptr<Plan>> plans, Device& device);

}  // namespace tvw::kernels::cpu
