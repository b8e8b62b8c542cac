/// @file The plan behind the Ampere executors.
#pragma once

#include <memory>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda::sm80 {

/// Times the variants that fit the device, and keeps the fastest.
/// REQUIRES: problem.M <= kMostItemTokens; `sparse` as the weights are.
/// @throws Error kUnsupported out of memory, or a CUDA error
[[nodiscard]] std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse);

}  // namespace tvw::kernels::cuda::sm80
