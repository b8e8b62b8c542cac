#include "kernels/cpu/panel_weights.hpp"

#include <algorithm>
#include <numeric>

namespace tvw::kernels::cpu {
namespace {

constexpr int64_t kRowMultiple = 16;

int64_t chunks_of(const PanelTile& tile, PanelShape shape) {
  return (std::ssize(tile.rows) + shape.chunk_rows - 1) / shape.chunk_rows;
}

}  // namespace

PanelShape make_panel_shape(int64_t tokens) {
  const int64_t row_bytes = tokens * static_cast<int64_t>(sizeof(float));
  return {tokens, kChunkBytes / row_bytes / kRowMultiple * kRowMultiple};
}

int64_t PanelWeights::size_bytes() const {
  size_t bytes = 0;
  for (const PanelTile& tile : tiles) {
    bytes += tile.weights.size() * sizeof(float) + tile.offsets.size() * sizeof(uint16_t) +
             (tile.rows.size() + tile.columns.size() + tile.counts.size()) * sizeof(int32_t);
  }
  return static_cast<int64_t>(bytes);
}

PanelTile make_own_rows_tile(std::vector<int32_t> rows, const std::vector<ColumnList>& lists,
                             PanelShape shape) {
  PanelTile tile;
  tile.rows = std::move(rows);
  size_t entries = 0;
  for (const ColumnList& list : lists) {
    tile.columns.push_back(list.column);
    entries += list.entries.size();
  }
  tile.weights.reserve(entries);
  tile.offsets.reserve(entries);
  const int64_t row_bytes = shape.tokens * static_cast<int64_t>(sizeof(float));
  std::vector<size_t> next(lists.size(), 0);  // entry of each list that is not placed yet
  for (int64_t chunk = 0; chunk < chunks_of(tile, shape); ++chunk) {
    const int64_t first_row = chunk * shape.chunk_rows;
    for (size_t c = 0; c < lists.size(); ++c) {
      const std::vector<ColumnEntry>& of_column = lists[c].entries;
      const size_t begin = next[c];
      for (; next[c] < of_column.size(); ++next[c]) {
        const ColumnEntry& entry = of_column[next[c]];
        if (entry.place >= first_row + shape.chunk_rows) break;
        tile.weights.push_back(entry.weight);
        tile.offsets.push_back(static_cast<uint16_t>((entry.place - first_row) * row_bytes));
      }
      tile.counts.push_back(static_cast<int32_t>(next[c] - begin));
    }
  }
  return tile;
}

void add_shared_rows_tiles(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns,
                           const std::vector<float>& weights, PanelShape shape,
                           std::vector<PanelTile>& tiles) {
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
    for (int64_t begin = 0; begin < row_count; begin += shape.chunk_rows) {
      const int64_t end = std::min(row_count, begin + shape.chunk_rows);
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

PanelWeights finish_panel_weights(int64_t K, int64_t N, PanelShape shape,
                                  std::vector<PanelTile> tiles) {
  PanelWeights weights{K, N, shape, std::move(tiles), 0.0};
  std::vector<bool> present(static_cast<size_t>(N));
  for (const PanelTile& tile : weights.tiles) {
    weights.products +=
        static_cast<double>(tile.has_own_rows() ? tile.weights.size()
                                                : tile.rows.size() * tile.columns.size());
    for (const int32_t n : tile.columns) present[static_cast<size_t>(n)] = true;
  }
  std::vector<int32_t> missing;
  for (int64_t n = 0; n < N; ++n) {
    if (!present[static_cast<size_t>(n)]) missing.push_back(static_cast<int32_t>(n));
  }
  add_shared_rows_tiles({}, missing, {}, shape, weights.tiles);
  return weights;
}

std::vector<int32_t> iota(int64_t count) {
  std::vector<int32_t> ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

}  // namespace tvw::kernels::cpu
