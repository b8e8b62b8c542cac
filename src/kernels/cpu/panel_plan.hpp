/// @file The executors' common plan for many tokens: panels of tokens times tiles of columns.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/panel_weights.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// What all panel executors can do besides their format.
[[nodiscard]] Support panel_supports(const Problem& problem);

/// Tokens of a panel that suit M of them on so many threads. Rows that columns share are
/// loaded once for kGroupColumns of them; other rows want to be long, for fewer broadcasts.
[[nodiscard]] int64_t choose_panel_tokens(int64_t M, int threads, bool own_rows);

[[nodiscard]] std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelWeights weights,
                                                    std::string kernel);

}  // namespace tvw::kernels::cpu
