/// @file The executors' common plan for few tokens: weights are streamed once, by all threads.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/row_tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// REQUIRES: problem.dtype is f32, or bf16, which is converted: tiles take f32.
[[nodiscard]] std::unique_ptr<Plan> make_row_plan(const Problem& problem,
                                                  std::unique_ptr<RowTiles> tiles,
                                                  std::string format);

}  // namespace tvw::kernels::cpu
