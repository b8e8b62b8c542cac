/// @file Builds tiles whose columns multiply rows of their own, as multiply_lists() reads them.
#pragma once

#include <vector>

#include "kernels/cpu/panel_plan.hpp"

namespace tvw::kernels::cpu {

struct ColumnEntry {
  float weight = 0.0f;
  int32_t place = 0;  ///< of the row in the tile's rows
};
/// Entries of one column, places ascending.
struct ColumnList {
  int32_t column = 0;
  std::vector<ColumnEntry> entries;
};

/// Four neighbours in `lists` become a group; shorter ones are filled up with zero weights.
/// REQUIRES: at most kTileColumns lists.
[[nodiscard]] PanelTile make_list_tile(std::vector<int32_t> rows,
                                       const std::vector<ColumnList>& lists);

/// 0, 1, ..., K - 1.
[[nodiscard]] std::vector<int32_t> all_rows(int64_t K);

/// Columns in [0, N) that no tile has, ascending.
[[nodiscard]] std::vector<int32_t> missing_columns(const std::vector<PanelTile>& tiles, int64_t N);

}  // namespace tvw::kernels::cpu
