/// @file Builds the pairs of columns that multiply_pair() reads.
#pragma once

#include <vector>

#include "kernels/cpu/panel_plan.hpp"

namespace tvw::kernels::cpu {

struct ColumnEntry {
  float weight = 0.0f;
  uint32_t offset = 0;
};
/// Entries of one column, rows in the order in which they are to be read.
struct ColumnList {
  int32_t column = 0;
  std::vector<ColumnEntry> entries;
};

/// Neighbours in `lists` become pairs; the shorter of two is filled up with zero weights.
[[nodiscard]] PanelTile make_list_tile(const std::vector<ColumnList>& lists);

/// Columns in [0, N) that no tile has, ascending.
[[nodiscard]] std::vector<int32_t> missing_columns(const std::vector<PanelTile>& tiles, int64_t N);

}  // namespace tvw::kernels::cpu
