#include "kernels/cpu/column_lists.hpp"

#include <algorithm>

namespace tvw::kernels::cpu {

PanelTile make_list_tile(const std::vector<ColumnList>& lists) {
  PanelTile tile;
  for (const ColumnList& list : lists) tile.columns.push_back(list.column);
  for (size_t first = 0; first < lists.size(); first += 2) {
    const ColumnEntry nothing;
    const auto entry = [&](size_t column, size_t i) -> const ColumnEntry& {
      if (column >= lists.size() || i >= lists[column].entries.size()) return nothing;
      return lists[column].entries[i];
    };
    size_t count = lists[first].entries.size();
    if (first + 1 < lists.size()) count = std::max(count, lists[first + 1].entries.size());
    tile.counts.push_back(static_cast<int64_t>(count));
    for (size_t i = 0; i < count; ++i) {
      for (const size_t column : {first, first + 1}) {
        tile.weights.push_back(entry(column, i).weight);
        tile.offsets.push_back(entry(column, i).offset);
      }
    }
  }
  return tile;
}

std::vector<int32_t> missing_columns(const std::vector<PanelTile>& tiles, int64_t N) {
  std::vector<bool> present(static_cast<size_t>(N));
  for (const PanelTile& tile : tiles) {
    for (const int32_t n : tile.columns) present[static_cast<size_t>(n)] = true;
  }
  std::vector<int32_t> missing;
  for (int64_t n = 0; n < N; ++n) {
    if (!present[static_cast<size_t>(n)]) missing.push_back(static_cast<int32_t>(n));
  }
  return missing;
}

}  // namespace tvw::kernels::cpu
