#include "kernels/cpu/panel_weights.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

int64_t chunks_of(const PanelTile& tile) {
  return (std::ssize(tile.rows) + kChunkRows - 1) / kChunkRows;
}

}  // namespace

int64_t PanelWeights::size_bytes() const {
  size_t bytes = 0;
  for (const PanelTile& tile : tiles) {
    bytes += tile.weights.size() * sizeof(float) + tile.offsets.size() * sizeof(uint32_t) +
             (tile.rows.size() + tile.columns.size() + tile.counts.size()) * sizeof(int32_t);
  }
  return static_cast<int64_t>(bytes);
}

PanelTile make_own_rows_tile(std::vector<int32_t> rows, const std::vector<ColumnList>& lists,
                             int64_t tokens) {
  PanelTile tile;
  tile.rows = std::move(rows);
  size_t entries = 0;
  for (const ColumnList& list : lists) {
    tile.columns.push_back(list.column);
    entries += list.entries.size();
  }
  tile.weights.reserve(entries);
  tile.offsets.reserve(entries);
  std::vector<size_t> next(lists.size(), 0);  // entry of each list that is not placed yet
  for (int64_t chunk = 0; chunk < chunks_of(tile); ++chunk) {
    const int64_t end_row = (chunk + 1) * kChunkRows;
    for (size_t c = 0; c < lists.size(); ++c) {
      const std::vector<ColumnEntry>& of_column = lists[c].entries;
      const size_t begin = next[c];
      for (; next[c] < of_column.size(); ++next[c]) {
        const ColumnEntry& entry = of_column[next[c]];
        if (entry.place >= end_row) break;
        const int64_t row = tile.rows[static_cast<size_t>(entry.place)];
        tile.weights.push_back(entry.weight);
        tile.offsets.push_back(static_cast<uint32_t>(row * row_bytes(tokens)));
      }
      tile.counts.push_back(static_cast<int32_t>(next[c] - begin));
    }
  }
  return tile;
}

void add_shared_rows_tiles(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns,
                           const std::vector<float>& weights, std::vector<PanelTile>& tiles) {
  const auto row_count = static_cast<int64_t>(rows.size());
  const auto column_count = static_cast<int64_t>(columns.size());
  for (int64_t first = 0; first < column_count; first += kTileColumns) {
    const int64_t last = std::min(column_count, first + kTileColumns);
    PanelTile tile;
    tile.rows = rows;
    tile.columns.assign(columns.begin() + first, columns.begin() + last);
    const int64_t groups = (last - first + kGroupColumns - 1) / kGroupColumns;
    tile.weights.assign(static_cast<size_t>(groups * kGroupColumns * row_count), 0.0f);
    float* to = tile.weights.data();
    for (int64_t begin = 0; begin < row_count; begin += kChunkRows) {
      const int64_t end = std::min(row_count, begin + kChunkRows);
      for (int64_t group = first; group < last; group += kGroupColumns) {
        for (int64_t row = begin; row < end; ++row, to += kGroupColumns) {
          const float* from = weights.data() + row * column_count + group;
          std::copy_n(from, std::min(kGroupColumns, last - group), to);
        }
      }
    }
    tiles.push_back(std::move(tile));
  }
}

PanelWeights make_panel_weights(int64_t K, int64_t N, int64_t tokens, int64_t count,
                                const std::function<std::vector<PanelTile>(int64_t part)>& build) {
  std::vector<std::vector<PanelTile>> parts(static_cast<size_t>(count));
  parallel_for(count, [&](int64_t part) { parts[static_cast<size_t>(part)] = build(part); });
  PanelWeights weights{K, N, tokens, {}, 0.0};
  for (auto& part : parts) std::move(part.begin(), part.end(), std::back_inserter(weights.tiles));
  std::vector<bool> present(static_cast<size_t>(N));
  for (const PanelTile& tile : weights.tiles) {
    weights.products += static_cast<double>(
        tile.has_own_rows() ? tile.weights.size() : tile.rows.size() * tile.columns.size());
    for (const int32_t n : tile.columns) present[static_cast<size_t>(n)] = true;
  }
  std::vector<int32_t> missing;
  for (int64_t n = 0; n < N; ++n) {
    if (!present[static_cast<size_t>(n)]) missing.push_back(static_cast<int32_t>(n));
  }
  add_shared_rows_tiles({}, missing, {}, weights.tiles);
  return weights;
}

std::vector<int32_t> iota(int64_t count) {
  std::vector<int32_t> ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

}  // namespace tvw::kernels::cpu
