/// @file The executors' common plan for few tokens: weights are streamed once, by all threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// REQUIRES: problem.dtype is f32, or bf16, which is converted: weights are f32.
[[nodiscard]] std::unique_ptr<Plan> make_row_plan(const Problem& problem,
                                                  const std::vector<DenseTile>& tiles,
                                                  std::string format);
/// REQUIRES: besides, all tiles have the same number of slots, at most kMostSlots.
[[nodiscard]] std::unique_ptr<Plan> make_row_plan(const Problem& problem,
                                                  const std::vector<QuadTile>& tiles,
                                                  std::string format);

}  // namespace tvw::kernels::cpu
