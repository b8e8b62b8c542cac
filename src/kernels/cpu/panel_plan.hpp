/// @file The executors' common plan for many tokens: panels of tokens times tiles of columns.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/panel_weights.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// What all panel executors can do besides their format.
[[nodiscard]] Support panel_supports(const Problem& problem);

/// The size of panels that suits so many tokens on so many threads.
[[nodiscard]] PanelShape choose_panel_shape(int64_t M, int threads);

/// `weights` are cut for choose_panel_shape(problem.M, ...) of some number of threads.
[[nodiscard]] std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelWeights weights,
                                                    std::string kernel);

}  // namespace tvw::kernels::cpu
