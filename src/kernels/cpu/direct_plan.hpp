/// @file The executors' plan for many tokens by few columns: activations are multiplied where they
/// lie. To bring them into panels, and results out of these, then takes longer than to multiply.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// REQUIRES: problem.layout is token-major; problem.dtype is f32, or bf16, which is converted.
[[nodiscard]] std::unique_ptr<Plan> make_direct_plan(const Problem& problem,
                                                     const std::vector<DenseTile>& tiles,
                                                     std::string format);

}  // namespace tvw::kernels::cpu
