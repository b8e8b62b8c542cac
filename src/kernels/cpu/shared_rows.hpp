/// @file Builds tiles whose columns multiply the same rows, as multiply_shared() reads them.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/cpu/panel_kernels.hpp"
#include "kernels/cpu/panel_plan.hpp"

namespace tvw::kernels::cpu {

/// `value(i, c)` is the weight of row rows[i] in column columns[c]. More columns than a tile has
/// become several tiles.
template <class Value>
void add_shared_tiles(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns,
                      const Value& value, std::vector<PanelTile>& tiles) {
  const auto row_count = static_cast<int64_t>(rows.size());
  for (size_t first = 0; first < columns.size(); first += kTileColumns) {
    const size_t last = std::min(columns.size(), first + kTileColumns);
    PanelTile tile;
    tile.rows = rows;
    tile.columns.assign(columns.begin() + static_cast<std::ptrdiff_t>(first),
                        columns.begin() + static_cast<std::ptrdiff_t>(last));
    tile.weights.assign(static_cast<size_t>(tile.groups() * kGroupColumns * row_count), 0.0f);
    float* to = tile.weights.data();
    for (int64_t begin = 0; begin < row_count; begin += kChunkRows) {
      const int64_t end = std::min(row_count, begin + kChunkRows);
      for (size_t group = first; group < last; group += kGroupColumns) {
        for (int64_t i = begin; i < end; ++i, to += kGroupColumns) {
          for (size_t c = group; c < std::min(last, group + kGroupColumns); ++c) {
            to[c - group] = value(static_cast<size_t>(i), c);
          }
        }
      }
    }
    tiles.push_back(std::move(tile));
  }
}

}  // namespace tvw::kernels::cpu
