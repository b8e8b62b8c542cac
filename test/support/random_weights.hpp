/// @file Seeded matrices and hand-made selections, independent of src/patterns.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/selection.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::test {

/// Normal values, none of them zero, rounded to `dtype`.
inline DenseMatrix random_dense(int64_t K, int64_t N, DType dtype, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(K * N));
  for (float& value : values) {
    value = normal(generator);
    if (std::abs(value) < 1e-3f) value = 0.5f;
  }
  return {K, N, TypedBuffer::from_f32(dtype, values)};
}

/// Keeps each weight with probability `density`.
inline Mask random_mask(int64_t K, int64_t N, double density, uint32_t seed) {
  std::mt19937 generator(seed);
  std::bernoulli_distribution keep(density);
  Mask mask(K, N, false);
  for (int64_t k = 0; k < K; ++k) {
    for (int64_t n = 0; n < N; ++n) {
      if (keep(generator)) mask.keep(k, n);
    }
  }
  return mask;
}

/// At most nm.keep of each group of rows in `rows` stay kept in column n.
inline void thin_out(Mask& mask, const std::vector<int32_t>& rows, int64_t n, NmRatio nm) {
  for (size_t begin = 0; begin < rows.size(); begin += static_cast<size_t>(nm.group)) {
    int64_t kept = 0;
    const size_t end = std::min(rows.size(), begin + static_cast<size_t>(nm.group));
    for (size_t i = begin; i < end; ++i) {
      if (!mask.kept(rows[i], n)) continue;
      if (++kept > nm.keep) mask.drop(rows[i], n);
    }
  }
}

/// Random columns in tiles of G, random rows in random order in each; a share of both is dropped,
/// and the first tile has no rows at all if `empty_tile`.
inline Selection random_tiles(int64_t K, int64_t N, int64_t G, double density, uint32_t seed,
                              bool empty_tile = false) {
  std::mt19937 generator(seed);
  std::vector<int32_t> columns(static_cast<size_t>(N));
  std::iota(columns.begin(), columns.end(), 0);
  std::shuffle(columns.begin(), columns.end(), generator);
  columns.resize(std::max<size_t>(1, static_cast<size_t>(static_cast<double>(N) * 0.9)));
  TileLayout layout{G, {}};
  Mask mask(K, N, false);
  for (size_t begin = 0; begin < columns.size(); begin += static_cast<size_t>(G)) {
    Tile tile;
    const size_t end = std::min(columns.size(), begin + static_cast<size_t>(G));
    tile.kept_n.assign(columns.begin() + static_cast<std::ptrdiff_t>(begin),
                       columns.begin() + static_cast<std::ptrdiff_t>(end));
    std::vector<int32_t> rows(static_cast<size_t>(K));
    std::iota(rows.begin(), rows.end(), 0);
    std::shuffle(rows.begin(), rows.end(), generator);
    rows.resize(static_cast<size_t>(static_cast<double>(K) * density));
    if (empty_tile && layout.tiles.empty()) rows.clear();
    tile.kept_k = rows;
    for (const int32_t k : tile.kept_k) {
      for (const int32_t n : tile.kept_n) mask.keep(k, n);
    }
    layout.tiles.push_back(std::move(tile));
  }
  return {std::move(mask), std::move(layout)};
}

/// A selection of the pattern, good for nothing but tests.
inline Selection random_selection(int64_t K, int64_t N, const PatternSpec& spec, double density,
                                  uint32_t seed, bool empty_tile = false) {
  switch (spec.kind) {
    case PatternKind::kEw:
      return {random_mask(K, N, density, seed), {}};
    case PatternKind::kNm: {
      Selection selection{Mask(K, N, true), {}};
      std::vector<int32_t> rows(static_cast<size_t>(K));
      std::iota(rows.begin(), rows.end(), 0);
      for (int64_t n = 0; n < N; ++n) thin_out(selection.mask, rows, n, spec.nm);
      return selection;
    }
    case PatternKind::kBlock: {
      const int64_t b = spec.block_size;
      const Mask blocks = random_mask((K + b - 1) / b, (N + b - 1) / b, density, seed);
      Mask mask(K, N, false);
      for (int64_t k = 0; k < K; ++k) {
        for (int64_t n = 0; n < N; ++n) {
          if (blocks.kept(k / b, n / b)) mask.keep(k, n);
        }
      }
      return {std::move(mask), {}};
    }
    case PatternKind::kTw:
      return random_tiles(K, N, spec.granularity, density, seed, empty_tile);
    case PatternKind::kTvw: {
      Selection selection = random_tiles(K, N, spec.granularity, density, seed, empty_tile);
      for (const Tile& tile : selection.tiles->tiles) {
        for (const int32_t n : tile.kept_n) thin_out(selection.mask, tile.kept_k, n, spec.nm);
      }
      return selection;
    }
  }
  return {};
}

}  // namespace tvw::test
