/// @file The executors' common plan for few tokens: weights are streamed once, by all threads.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/row_weights.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// REQUIRES: problem.dtype is f32, or bf16, which is converted: `weights` are f32.
[[nodiscard]] std::unique_ptr<Plan> make_row_plan(const Problem& problem, RowWeights weights,
                                                  std::string format);

}  // namespace tvw::kernels::cpu
