#include "kernels/cpu/column_lists.hpp"

#include <algorithm>
#include <numeric>

#include "kernels/cpu/panel_kernels.hpp"

namespace tvw::kernels::cpu {

PanelTile make_list_tile(std::vector<int32_t> rows, const std::vector<ColumnList>& lists) {
  PanelTile tile;
  tile.rows = std::move(rows);
  for (const ColumnList& list : lists) tile.columns.push_back(list.column);
  std::vector<size_t> next(lists.size(), 0);  // entry of each list that is not placed yet
  for (int64_t chunk = 0; chunk < tile.chunks(); ++chunk) {
    const int64_t first_row = chunk * kChunkRows;
    const auto end_of = [&](size_t column) {
      size_t end = next[column];
      const std::vector<ColumnEntry>& entries = lists[column].entries;
      while (end < entries.size() && entries[end].place < first_row + kChunkRows) ++end;
      return end;
    };
    for (size_t first = 0; first < lists.size(); first += kGroupColumns) {
      const size_t last = std::min(lists.size(), first + kGroupColumns);
      size_t count = 0;
      for (size_t c = first; c < last; ++c) count = std::max(count, end_of(c) - next[c]);
      tile.counts.push_back(static_cast<int32_t>(count));
      const size_t at = tile.weights.size();
      tile.weights.resize(at + count * kGroupColumns);
      tile.offsets.resize(at + count * kGroupColumns);
      for (size_t c = first; c < last; ++c) {
        const size_t end = end_of(c);
        for (size_t to = at + c - first; next[c] < end; ++next[c], to += kGroupColumns) {
          const ColumnEntry& entry = lists[c].entries[next[c]];
          tile.weights[to] = entry.weight;
          tile.offsets[to] = static_cast<uint16_t>((entry.place - first_row) * kPanelTokens *
                                                   static_cast<int64_t>(sizeof(float)));
        }
      }
    }
  }
  return tile;
}

std::vector<int32_t> all_rows(int64_t K) {
  std::vector<int32_t> rows(static_cast<size_t>(K));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
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
