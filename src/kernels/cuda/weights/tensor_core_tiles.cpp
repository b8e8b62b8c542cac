#include "kernels/cuda/weights/tensor_core_tiles.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <variant>

#include "tvw/core/parallel.hpp"
#include "tvw/pack/index2.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int kQuad = 4;  // rows of B that share two stored values
constexpr int kStoredPerQuad = 2;

/// A tile of the packed format: its logical rows and columns, whatever the format is.
struct SourceTile {
  std::vector<int32_t> rows;     ///< row of B, or -1 for a pad
  std::vector<int32_t> columns;  ///< column of B, or -1
  int64_t first_value_row = 0;   ///< of the format's `values`
};

/// What differs between the formats, once their tiles are listed.
struct Source {
  int64_t K = 0;
  int64_t N = 0;
  const uint16_t* values = nullptr;  ///< [R, width]
  const uint8_t* index = nullptr;    ///< 2 bits per value, or null: every row is stored
  int64_t width = 0;
  NmRatio nm{1, 1};
  std::vector<SourceTile> tiles;
};

int32_t or_none(int32_t id, int64_t limit) { return id == limit ? -1 : id; }

template <class Tiled>
void list_tiles(const Tiled& m, NmRatio nm, Source& source) {
  source.K = m.K;
  source.N = m.N;
  source.values = m.values.template words<uint16_t>();
  source.width = m.granularity;
  source.nm = nm;
  for (int64_t t = 0; t < m.tiles(); ++t) {
    SourceTile tile;
    const int64_t begin = m.row_offsets[static_cast<size_t>(t)];
    const int64_t end = m.row_offsets[static_cast<size_t>(t) + 1];
    for (int64_t r = begin; r < end; ++r) {
      tile.rows.push_back(or_none(m.k_index[static_cast<size_t>(r)], m.K));
    }
    for (int64_t g = 0; g < m.granularity; ++g) {
      tile.columns.push_back(or_none(m.n_index[static_cast<size_t>(t * m.granularity + g)], m.N));
    }
    tile.first_value_row = begin / nm.group * nm.keep;
    source.tiles.push_back(std::move(tile));
  }
}

Source source_of(const pack::TwMatrix& m) {
  Source source;
  list_tiles(m, NmRatio{1, 1}, source);
  return source;
}

Source source_of(const pack::TvwMatrix& m) {
  Source source;
  list_tiles(m, m.nm, source);
  source.index = m.index.data();
  return source;
}

/// One tile of all rows and columns; the caller splits it.
Source source_of(const pack::NmMatrix& m) {
  Source source{m.K, m.N, m.values.words<uint16_t>(), m.index.data(), m.N, m.nm, {}};
  SourceTile tile;
  tile.rows.assign(static_cast<size_t>(m.packed_rows() / m.nm.keep * m.nm.group), -1);
  std::iota(tile.rows.begin(), tile.rows.begin() + m.K, 0);
  tile.columns.resize(static_cast<size_t>(m.N));
  std::iota(tile.columns.begin(), tile.columns.end(), 0);
  source.tiles.push_back(std::move(tile));
  return source;
}

Source make_source(const pack::PackedWeights& weights) {
  if (const auto* tw = std::get_if<pack::TwMatrix>(&weights)) return source_of(*tw);
  if (const auto* tvw = std::get_if<pack::TvwMatrix>(&weights)) return source_of(*tvw);
  return source_of(std::get<pack::NmMatrix>(weights));
}

/// Columns that no tile has: a tile without rows, so that they get their zeros (and bias).
void add_missing_columns(Source& source) {
  std::vector<bool> present(static_cast<size_t>(source.N));
  for (const SourceTile& tile : source.tiles) {
    for (const int32_t n : tile.columns) {
      if (n >= 0) present[static_cast<size_t>(n)] = true;
    }
  }
  SourceTile rest;
  for (int64_t n = 0; n < source.N; ++n) {
    if (!present[static_cast<size_t>(n)]) rest.columns.push_back(static_cast<int32_t>(n));
  }
  if (!rest.columns.empty()) source.tiles.push_back(std::move(rest));
}

/// A pad must name a row that is multiplied anyway, or its zero would meet an Inf of another's.
void fill_pads(std::vector<int32_t>& rows) {
  const auto real = std::find_if(rows.begin(), rows.end(), [](int32_t k) { return k >= 0; });
  if (real == rows.end()) {
    rows.clear();
    return;
  }
  const int32_t stand_in = *real;
  std::replace(rows.begin(), rows.end(), -1, stand_in);
}

/// Some columns of a tile.
struct Part {
  const SourceTile* tile;
  int64_t first_column;
};

/// The tiles cut into parts of `features` columns, but for those that have none but pads.
std::vector<Part> parts_of(const Source& source, int64_t features) {
  std::vector<Part> parts;
  for (const SourceTile& tile : source.tiles) {
    const auto width = static_cast<int64_t>(tile.columns.size());
    for (int64_t g = 0; g < width; g += features) {
      const auto begin = tile.columns.begin() + g;
      const auto end = begin + std::min(features, width - g);
      if (std::any_of(begin, end, [](int32_t n) { return n >= 0; })) parts.push_back({&tile, g});
    }
  }
  return parts;
}

struct Stored {
  uint16_t value = 0;
  uint8_t position = 0;
};

/// The values of one column in one quad, as 2:4 hardware wants them: two, ascending. Ratios below
/// 2:4 leave a slot free, which takes a zero at an unused position.
void store_quad(std::array<Stored, kStoredPerQuad> kept, int count, uint16_t* values,
                uint8_t* positions) {
  for (uint8_t p = 0; count < kStoredPerQuad; ++p) {
    const bool used = std::any_of(kept.begin(), kept.begin() + count,
                                  [p](const Stored& s) { return s.position == p; });
    if (!used) kept[static_cast<size_t>(count++)] = {0, p};
  }
  std::sort(kept.begin(), kept.end(),
            [](const Stored& a, const Stored& b) { return a.position < b.position; });
  for (size_t i = 0; i < kept.size(); ++i) {
    values[i] = kept[i].value;
    positions[i] = kept[i].position;
  }
}

void fill_sparse_column(const Source& source, const SourceTile& tile, int64_t g, int64_t f,
                        TensorCoreTile& out) {
  const auto L = static_cast<int64_t>(out.rows.size());
  const auto stored_rows =
      static_cast<int64_t>(tile.rows.size()) / source.nm.group * source.nm.keep;
  const int64_t groups_per_quad = kQuad / source.nm.group;
  const int64_t kept_per_quad = groups_per_quad * source.nm.keep;
  for (int64_t q = 0; q < L / kQuad; ++q) {
    std::array<Stored, kStoredPerQuad> kept{};
    int count = 0;
    for (int64_t i = 0; i < kept_per_quad; ++i) {
      const int64_t r = q * kept_per_quad + i;
      if (r >= stored_rows) break;
      const int64_t at = (tile.first_value_row + r) * source.width + g;
      const int64_t place =
          i / source.nm.keep * source.nm.group + pack::get_index2(source.index, at);
      kept[static_cast<size_t>(count++)] = {source.values[at], static_cast<uint8_t>(place)};
    }
    const int64_t to = f * (L / 2) + q * kStoredPerQuad;
    store_quad(kept, count, &out.values[static_cast<size_t>(to)],
               &out.positions[static_cast<size_t>(to)]);
  }
}

void fill_dense_column(const Source& source, const SourceTile& tile, int64_t g, int64_t f,
                       TensorCoreTile& out) {
  const auto L = static_cast<int64_t>(out.rows.size());
  for (int64_t r = 0; r < std::min(L, static_cast<int64_t>(tile.rows.size())); ++r) {
    const int64_t at = (tile.first_value_row + r) * source.width + g;
    out.values[static_cast<size_t>(f * L + r)] = source.values[at];
  }
}

TensorCoreTile make_tile(const Source& source, const SourceTile& tile, int64_t first_column,
                         int64_t features, int64_t row_step) {
  TensorCoreTile out;
  out.rows = tile.rows;
  fill_pads(out.rows);
  if (!out.rows.empty()) {
    const auto step = static_cast<size_t>(row_step);
    out.rows.resize((out.rows.size() + step - 1) / step * step, out.rows.back());
  }
  const bool sparse = source.index != nullptr;
  const auto L = static_cast<int64_t>(out.rows.size());
  const int64_t stored = sparse ? L / 2 : L;
  out.values.resize(static_cast<size_t>(features * stored));
  if (sparse) out.positions.resize(out.values.size());
  for (int64_t f = 0; f < features; ++f) {
    const int64_t g = first_column + f;
    const bool inside = g < static_cast<int64_t>(tile.columns.size());
    out.columns.push_back(inside ? tile.columns[static_cast<size_t>(g)] : -1);
    if (inside && out.columns.back() >= 0) {
      sparse ? fill_sparse_column(source, tile, g, f, out)
             : fill_dense_column(source, tile, g, f, out);
    } else if (sparse) {  // metadata must be valid everywhere
      for (int64_t i = 0; i < stored; ++i) {
        out.positions[static_cast<size_t>(f * stored + i)] = static_cast<uint8_t>(i % 2);
      }
    }
  }
  return out;
}

}  // namespace

Support tensor_core_support(const pack::PackedWeights& weights) {
  const auto* tvw = std::get_if<pack::TvwMatrix>(&weights);
  const auto* nm = std::get_if<pack::NmMatrix>(&weights);
  if (tvw == nullptr && nm == nullptr && !std::holds_alternative<pack::TwMatrix>(weights)) {
    return Support::no("weights are " + std::string(pack::format_name(weights)) +
                       ", expected tw, tvw or nm");
  }
  if (tvw != nullptr || nm != nullptr) {
    const NmRatio ratio = tvw != nullptr ? tvw->nm : nm->nm;
    const bool fits = kQuad % ratio.group == 0 && ratio.keep * (kQuad / ratio.group) <= 2;
    if (!fits) {
      return Support::no("tensor cores keep at most 2 of 4, got " + std::to_string(ratio.keep) +
                         ":" + std::to_string(ratio.group));
    }
  }
  return Support::yes();
}

int64_t tile_count(const pack::PackedWeights& weights, int64_t features) {
  Source source = make_source(weights);
  add_missing_columns(source);
  return static_cast<int64_t>(parts_of(source, features).size());
}

int64_t multiplied_columns(const pack::PackedWeights& weights, int64_t features) {
  return features * static_cast<int64_t>(parts_of(make_source(weights), features).size());
}

TensorCoreTiles make_tensor_core_tiles(const pack::PackedWeights& weights, int64_t features,
                                       int64_t row_step) {
  Source source = make_source(weights);
  add_missing_columns(source);
  TensorCoreTiles result;
  result.K = source.K;
  result.N = source.N;
  result.features = features;
  result.sparse = source.index != nullptr;
  result.products = static_cast<double>(pack::stored_values(weights));
  const std::vector<Part> parts = parts_of(source, features);
  result.tiles.resize(parts.size());
  parallel_for(static_cast<int64_t>(parts.size()), [&](int64_t i) {
    const Part& part = parts[static_cast<size_t>(i)];
    result.tiles[static_cast<size_t>(i)] =
        make_tile(source, *part.tile, part.first_column, features, row_step);
  });
  return result;
}

}  // namespace tvw::kernels::cuda
