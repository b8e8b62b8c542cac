/// @file The executors' common plan for many tokens: panels of tokens times tiles of columns.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// `tiles` are made for the problem's K and N, and for rows split.tokens apart; `format` is for the
/// kernel's name.
[[nodiscard]] std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelSplit split,
                                                    std::unique_ptr<PanelTiles> tiles,
                                                    std::string format);

}  // namespace tvw::kernels::cpu
