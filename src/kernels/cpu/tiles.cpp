#include "kernels/cpu/tiles.hpp"

#include <algorithm>
#include <numeric>

#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"
#include "tvw/pack/index2.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Places of the columns that are not pads, and their ids.
struct Columns {
  std::vector<int64_t> places;
  std::vector<int32_t> ids;
};

template <class Tiled>
Columns columns_of(const Tiled& m, int64_t tile) {
  Columns columns;
  for (int64_t g = 0; g < m.granularity; ++g) {
    const int32_t n = m.n_index[static_cast<size_t>(tile * m.granularity + g)];
    if (n == m.N) continue;
    columns.places.push_back(g);
    columns.ids.push_back(n);
  }
  return columns;
}

/// Where a format keeps the N:M values of a tile.
struct QuadSource {
  NmRatio nm;
  const std::vector<float>& values;
  const std::vector<uint8_t>& index;
  int64_t width;       ///< values in a row of them
  int64_t first_row;   ///< of the values
  int64_t value_rows;  ///< of the tile
};

/// Groups of two share a quad; one of three leaves a row of its quad out.
int64_t groups_per_quad(NmRatio nm) { return nm.group == 2 ? 2 : 1; }

/// `tile` has rows, in groups, and columns; gets its weights and places.
void fill(const QuadSource& source, const std::vector<int64_t>& places, QuadTile& tile) {
  const int64_t together = groups_per_quad(source.nm);
  const auto columns = static_cast<int64_t>(places.size());
  tile.slots = source.nm.keep * together;
  tile.weights.assign(static_cast<size_t>(tile.quads() * tile.slots * columns), 0.0f);
  tile.places.assign(tile.weights.size(), 0);
  for (int64_t r = 0; r < source.value_rows; ++r) {
    const int64_t group = r / source.nm.keep;
    const int64_t in_quad = group % together;
    const int64_t slot = in_quad * source.nm.keep + r % source.nm.keep;
    const int64_t to = (group / together * tile.slots + slot) * columns;
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t from = (source.first_row + r) * source.width + places[static_cast<size_t>(c)];
      tile.weights[static_cast<size_t>(to + c)] = source.values[static_cast<size_t>(from)];
      tile.places[static_cast<size_t>(to + c)] = static_cast<uint8_t>(
          in_quad * source.nm.group + pack::get_index2(source.index.data(), from));
    }
  }
}

/// Ids of rows in groups of nm.group as whole quads; K stands for a pad.
std::vector<int32_t> quad_rows(std::span<const int32_t> ids, int64_t K, NmRatio nm) {
  const int64_t together = groups_per_quad(nm);
  const int64_t group = nm.group;
  const int64_t groups = parts_of(std::ssize(ids), group);
  std::vector<int32_t> rows(static_cast<size_t>(parts_of(groups, together) * kQuadRows), -1);
  for (int64_t i = 0; i < std::ssize(ids); ++i) {
    const int64_t quad = i / group / together, place = i / group % together * group + i % group;
    const int32_t k = ids[static_cast<size_t>(i)];
    if (k < K) rows[static_cast<size_t>(quad * kQuadRows + place)] = k;
  }
  return rows;
}

}  // namespace

int64_t slots_of(const std::vector<QuadTile>& tiles) {
  return tiles.empty() ? 1 : tiles.front().slots;
}

std::vector<DenseTile> make_dense_tiles(const DenseMatrix& m, int64_t width) {
  const std::vector<float> values = m.values.to_f32();
  std::vector<DenseTile> tiles(static_cast<size_t>(parts_of(m.N, width)));
  parallel_for(std::ssize(tiles), [&](int64_t t) {
    DenseTile& tile = tiles[static_cast<size_t>(t)];
    const int64_t first = t * width, last = std::min(m.N, first + width);
    tile.rows.resize(static_cast<size_t>(m.K));
    std::iota(tile.rows.begin(), tile.rows.end(), 0);
    tile.columns.resize(static_cast<size_t>(last - first));
    std::iota(tile.columns.begin(), tile.columns.end(), static_cast<int32_t>(first));
    for (int64_t k = 0; k < m.K; ++k) {
      const auto row = values.begin() + k * m.N;
      tile.weights.insert(tile.weights.end(), row + first, row + last);
    }
  });
  return tiles;
}

std::vector<DenseTile> make_dense_tiles(const pack::TwMatrix& m) {
  const std::vector<float> values = m.values.to_f32();
  std::vector<DenseTile> tiles(static_cast<size_t>(m.tiles()));
  parallel_for(m.tiles(), [&](int64_t t) {
    DenseTile& tile = tiles[static_cast<size_t>(t)];
    Columns columns = columns_of(m, t);
    for (int64_t r = m.row_offsets[static_cast<size_t>(t)];
         r < m.row_offsets[static_cast<size_t>(t) + 1]; ++r) {
      const int32_t k = m.k_index[static_cast<size_t>(r)];
      if (k == m.K) continue;
      tile.rows.push_back(k);
      for (const int64_t g : columns.places) {
        tile.weights.push_back(values[static_cast<size_t>(r * m.granularity + g)]);
      }
    }
    tile.columns = std::move(columns.ids);
  });
  std::erase_if(tiles, [](const DenseTile& tile) { return tile.columns.empty(); });
  return tiles;
}

std::vector<DenseTile> make_dense_tiles(const pack::BlockEllMatrix& m) {
  const int64_t b = m.ell_block_size;
  const std::vector<float> values = m.ell_values.to_f32();
  std::vector<DenseTile> tiles(static_cast<size_t>(m.block_rows()));
  parallel_for(m.block_rows(), [&](int64_t bn) {
    DenseTile& tile = tiles[static_cast<size_t>(bn)];
    tile.columns.resize(static_cast<size_t>(std::min(b, m.N - bn * b)));
    std::iota(tile.columns.begin(), tile.columns.end(), static_cast<int32_t>(bn * b));
    for (int64_t slot = 0; slot < m.slots(); ++slot) {
      const int64_t block = bn * m.slots() + slot;
      const int64_t bk = m.ell_col_ind[static_cast<size_t>(block)];
      if (bk < 0) continue;
      for (int64_t k = bk * b; k < std::min(m.K, (bk + 1) * b); ++k) {
        tile.rows.push_back(static_cast<int32_t>(k));
        for (int64_t c = 0; c < std::ssize(tile.columns); ++c) {
          tile.weights.push_back(values[static_cast<size_t>((block * b + c) * b + k - bk * b)]);
        }
      }
    }
  });
  return tiles;
}

std::vector<QuadTile> make_quad_tiles(const pack::TvwMatrix& m) {
  const std::vector<float> values = m.values.to_f32();
  std::vector<QuadTile> tiles(static_cast<size_t>(m.tiles()));
  parallel_for(m.tiles(), [&](int64_t t) {
    QuadTile& tile = tiles[static_cast<size_t>(t)];
    const int64_t begin = m.row_offsets[static_cast<size_t>(t)];
    const int64_t end = m.row_offsets[static_cast<size_t>(t) + 1];
    tile.rows = quad_rows(
        std::span(m.k_index).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)),
        m.K, m.nm);
    Columns columns = columns_of(m, t);
    const int64_t first_row = begin / m.nm.group * m.nm.keep;
    fill({m.nm, values, m.index, m.granularity, first_row, (end - begin) / m.nm.group * m.nm.keep},
         columns.places, tile);
    tile.columns = std::move(columns.ids);
  });
  std::erase_if(tiles, [](const QuadTile& tile) { return tile.columns.empty(); });
  return tiles;
}

std::vector<QuadTile> make_quad_tiles(const pack::NmMatrix& m, int64_t width) {
  const std::vector<float> values = m.values.to_f32();
  std::vector<int32_t> all(static_cast<size_t>(m.K));
  std::iota(all.begin(), all.end(), 0);
  std::vector<QuadTile> tiles(static_cast<size_t>(parts_of(m.N, width)));
  parallel_for(std::ssize(tiles), [&](int64_t t) {
    QuadTile& tile = tiles[static_cast<size_t>(t)];
    tile.rows = quad_rows(all, m.K, m.nm);
    std::vector<int64_t> places(static_cast<size_t>(std::min(width, m.N - t * width)));
    std::iota(places.begin(), places.end(), t * width);
    tile.columns.assign(places.begin(), places.end());
    fill({m.nm, values, m.index, m.N, 0, m.packed_rows()}, places, tile);
  });
  return tiles;
}

KeptRows kept_rows(const QuadTile& tile) {
  KeptRows kept{{}, std::vector<int32_t>(tile.rows.size(), -1)};
  for (size_t i = 0; i < tile.rows.size(); ++i) {
    if (tile.rows[i] < 0) continue;
    kept.places[i] = static_cast<int32_t>(kept.rows.size());
    kept.rows.push_back(tile.rows[i]);
  }
  return kept;
}

std::vector<DenseTile> with_zeros(const std::vector<QuadTile>& tiles) {
  std::vector<DenseTile> dense(tiles.size());
  parallel_for(std::ssize(tiles), [&](int64_t t) {
    const QuadTile& from = tiles[static_cast<size_t>(t)];
    DenseTile& tile = dense[static_cast<size_t>(t)];
    const auto columns = std::ssize(from.columns);
    tile.columns = from.columns;
    KeptRows kept = kept_rows(from);
    tile.rows = std::move(kept.rows);
    tile.weights.resize(static_cast<size_t>(std::ssize(tile.rows) * columns));
    for (int64_t slot = 0, at = 0; slot < from.quads() * from.slots; ++slot) {
      for (int64_t c = 0; c < columns; ++c, ++at) {
        const auto i = static_cast<size_t>(at);
        const int64_t quad_row = slot / from.slots * kQuadRows + from.places[i];
        const int64_t row = kept.places[static_cast<size_t>(quad_row)];
        if (row < 0) continue;  // a slot that is not used, whatever a file has there
        tile.weights[static_cast<size_t>(row * columns + c)] += from.weights[i];
      }
    }
  });
  return dense;
}

std::vector<std::vector<ColumnEntry>> make_columns(const pack::CsrMatrix& m) {
  std::vector<std::vector<ColumnEntry>> columns(static_cast<size_t>(m.N));
  const std::vector<float> values = m.values.to_f32();
  for (int64_t k = 0; k < m.K; ++k) {
    const auto row = static_cast<size_t>(k);
    for (auto i = static_cast<size_t>(m.row_offsets[row]);
         i < static_cast<size_t>(m.row_offsets[row + 1]); ++i) {
      columns[static_cast<size_t>(m.column_indices[i])].push_back(
          {values[i], static_cast<int32_t>(k)});
    }
  }
  return columns;
}

}  // namespace tvw::kernels::cpu
