/// @file Builds tiles whose columns multiply the same rows, as multiply_quad() reads them.
#pragma once

#include <vector>

#include "kernels/cpu/panel_plan.hpp"

namespace tvw::kernels::cpu {

/// `value(i, c)` is the weight of row rows[i] in column columns[c].
template <class Value>
[[nodiscard]] PanelTile make_shared_tile(const std::vector<int32_t>& rows,
                                         std::vector<int32_t> columns, const Value& value) {
  constexpr size_t kWidth = 4;
  PanelTile tile;
  tile.columns = std::move(columns);
  for (const int32_t k : rows) tile.offsets.push_back(row_offset(k));
  const size_t groups = (tile.columns.size() + kWidth - 1) / kWidth;
  tile.counts.assign(groups, static_cast<int64_t>(rows.size()));
  tile.weights.assign(groups * rows.size() * kWidth, 0.0f);
  for (size_t c = 0; c < tile.columns.size(); ++c) {
    float* to = tile.weights.data() + (c / kWidth * rows.size()) * kWidth + c % kWidth;
    for (size_t i = 0; i < rows.size(); ++i) to[i * kWidth] = value(i, c);
  }
  return tile;
}

}  // namespace tvw::kernels::cpu
