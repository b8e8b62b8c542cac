/// @file The plan behind the Ampere executors.
#pragma once

#include <memory>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda::sm80 {

/// Blocks of tokens that a grid can have, times the fewest tokens of a block.
inline constexpr int64_t kMostTokens = 65535 * 64;

/// Times the variants that fit the device, and keeps the fastest.
/// REQUIRES: problem.M <= kMostTokens; `sparse` as the weights are.
/// @throws Error kUnsupported out of memory, or a CUDA error
[[nodiscard]] std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse);

}  // namespace tvw::kernels::cuda::sm80
