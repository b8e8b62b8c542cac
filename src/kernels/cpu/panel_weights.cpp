#include "kernels/cpu/panel_weights.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/cpu/assemble_tiles.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Entries of one column, by the place of their row among the tile's; places ascending.
struct PlacedColumn {
  int32_t column = 0;
  std::vector<float> weights;
  std::vector<int32_t> places;
};

PanelTile make_own_rows_tile(std::vector<int32_t> rows, const std::vector<PlacedColumn>& columns) {
  PanelTile tile;
  tile.rows = std::move(rows);
  size_t entries = 0;
  for (const PlacedColumn& column : columns) {
    tile.columns.push_back(column.column);
    entries += column.weights.size();
  }
  tile.weights.reserve(entries);
  tile.ids.reserve(entries);
  std::vector<size_t> next(columns.size(), 0);  // entry of each column that is not stored yet
  for (int64_t first_row = 0; first_row < std::ssize(tile.rows); first_row += kChunkRows) {
    for (size_t c = 0; c < columns.size(); ++c) {
      const PlacedColumn& column = columns[c];
      const size_t begin = next[c];
      for (; next[c] < column.places.size(); ++next[c]) {
        const int32_t place = column.places[next[c]];
        if (place >= first_row + kChunkRows) break;
        tile.weights.push_back(column.weights[next[c]]);
        tile.ids.push_back(static_cast<uint16_t>(tile.rows[static_cast<size_t>(place)]));
      }
      tile.counts.push_back(static_cast<int32_t>(next[c] - begin));
    }
  }
  return tile;
}

PanelTile make_tile(const DenseTile& from, int64_t first, int64_t last) {
  const auto row_count = std::ssize(from.rows);
  const auto column_count = std::ssize(from.columns);
  PanelTile tile;
  tile.rows = from.rows;
  tile.columns.assign(from.columns.begin() + first, from.columns.begin() + last);
  const int64_t groups = parts_of(last - first, kGroupColumns);
  tile.weights.assign(static_cast<size_t>(groups * kGroupColumns * row_count), 0.0f);
  float* to = tile.weights.data();
  for (int64_t begin = 0; begin < row_count; begin += kChunkRows) {
    const int64_t end = std::min(row_count, begin + kChunkRows);
    for (int64_t group = first; group < last; group += kGroupColumns) {
      for (int64_t row = begin; row < end; ++row, to += kGroupColumns) {
        std::copy_n(from.weights.data() + row * column_count + group,
                    std::min(kGroupColumns, last - group), to);
      }
    }
  }
  return tile;
}

PanelTile make_tile(const QuadTile& from, int64_t first, int64_t last) {
  KeptRows kept = kept_rows(from);
  const auto column_count = std::ssize(from.columns);
  std::vector<PlacedColumn> columns;
  for (int64_t c = first; c < last; ++c) {
    PlacedColumn column{from.columns[static_cast<size_t>(c)], {}, {}};
    for (int64_t i = 0; i < from.quads() * from.slots; ++i) {
      const auto at = static_cast<size_t>(i * column_count + c);
      const int32_t place =
          kept.places[static_cast<size_t>(i / from.slots * kQuadRows + from.places[at])];
      if (place < 0) continue;  // a slot that is not used
      column.weights.push_back(from.weights[at]);
      column.places.push_back(place);
    }
    columns.push_back(std::move(column));
  }
  return make_own_rows_tile(std::move(kept.rows), columns);
}

PanelWeights with_tiles(int64_t K, int64_t N, std::vector<PanelTile> tiles) {
  PanelWeights weights{K, N, std::move(tiles), 0.0};
  for (const PanelTile& tile : weights.tiles) {
    weights.products += static_cast<double>(
        tile.has_own_rows() ? tile.weights.size() : tile.rows.size() * tile.columns.size());
  }
  return weights;
}

/// Tiles of at most `width` columns of each of `tiles`.
template <class Tile, class Width>
PanelWeights split_and_assemble(int64_t K, int64_t N, const std::vector<Tile>& tiles, int64_t most,
                                const Width& width) {
  return with_tiles(K, N, assemble_tiles<PanelTile>(N, most, std::ssize(tiles), [&](int64_t t) {
                      const Tile& tile = tiles[static_cast<size_t>(t)];
                      const auto columns = std::ssize(tile.columns);
                      return split_columns(columns, width(columns),
                                           [&](int64_t first, int64_t last) {
                                             return make_tile(tile, first, last);
                                           });
                    }));
}

}  // namespace

float PanelTile::shared_weight(int64_t i, int64_t c) const {
  const int64_t groups = parts_of(std::ssize(columns), kGroupColumns);
  const int64_t first = i / kChunkRows * kChunkRows;  // row of the chunk
  const int64_t chunk_rows = std::min(kChunkRows, std::ssize(rows) - first);
  const int64_t group_row = groups * first + c / kGroupColumns * chunk_rows + i - first;
  return weights[static_cast<size_t>(group_row * kGroupColumns + c % kGroupColumns)];
}

int64_t PanelWeights::size_bytes() const {
  size_t bytes = 0;
  for (const PanelTile& tile : tiles) {
    bytes += tile.weights.size() * sizeof(float) + tile.ids.size() * sizeof(uint16_t) +
             (tile.rows.size() + tile.columns.size() + tile.counts.size()) * sizeof(int32_t);
  }
  return static_cast<int64_t>(bytes);
}

PanelWeights make_panel_weights(int64_t K, int64_t N, const std::vector<DenseTile>& tiles) {
  return split_and_assemble(K, N, tiles, kTileColumns, [](int64_t) { return kTileColumns; });
}

PanelWeights make_panel_weights(int64_t K, int64_t N, const std::vector<QuadTile>& tiles,
                                int64_t width) {
  return split_and_assemble(K, N, tiles, width,
                            [&](int64_t columns) { return even_width(columns, width); });
}

PanelWeights make_panel_weights(int64_t K, int64_t N,
                                const std::vector<std::vector<ColumnEntry>>& columns,
                                int64_t width) {
  width = even_width(N, width);
  const int64_t tiles = parts_of(N, width);
  return with_tiles(K, N, assemble_tiles<PanelTile>(N, width, tiles, [&](int64_t t) {
                      std::vector<PlacedColumn> placed;
                      for (int64_t n = t * width; n < std::min(N, (t + 1) * width); ++n) {
                        PlacedColumn column{static_cast<int32_t>(n), {}, {}};
                        for (const ColumnEntry& entry : columns[static_cast<size_t>(n)]) {
                          column.weights.push_back(entry.weight);
                          column.places.push_back(entry.row);
                        }
                        placed.push_back(std::move(column));
                      }
                      std::vector<int32_t> rows(static_cast<size_t>(K));
                      std::iota(rows.begin(), rows.end(), 0);
                      return std::vector<PanelTile>{make_own_rows_tile(std::move(rows), placed)};
                    }));
}

}  // namespace tvw::kernels::cpu
