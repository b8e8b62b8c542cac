/// @file The plan behind the decode executors.
#pragma once

#include <memory>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda::decode {

/// Times the variants and ways to split the rows over weights that are not in the cache, and keeps
/// the fastest.
/// REQUIRES: problem.M <= kMostTokens; `sparse` as the weights are.
/// @throws Error kUnsupported out of memory, or a CUDA error
[[nodiscard]] std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse);

}  // namespace tvw::kernels::cuda::decode
