/// @file ScoreMatrix of every kind that a pattern may meet, and what a selection must look like.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "support/catch.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw::test {

struct ScoreMatrix {
  int64_t K = 0;
  int64_t N = 0;
  std::vector<float> values;  ///< [K, N]

  [[nodiscard]] MatrixView<const float> view() const { return {values.data(), K, N}; }
  [[nodiscard]] float& at(int64_t k, int64_t n) { return values[static_cast<size_t>(k * N + n)]; }
};

enum class Fill {
  kSquares,        ///< squares of normal numbers, as magnitude gives them
  kEqual,          ///< one value everywhere
  kZero,           ///< nothing but zeros
  kHuge,           ///< one giant among squares
  kFewValues,      ///< 0, 1 or 2: ties everywhere
  kDeadRows,       ///< squares, but every third row is zero
  kIdenticalRows,  ///< all rows the same, of widely spread numbers: sums of many rows round
};
inline constexpr Fill kFills[] = {Fill::kSquares,      Fill::kEqual,     Fill::kZero,
                                  Fill::kHuge,         Fill::kFewValues, Fill::kDeadRows,
                                  Fill::kIdenticalRows};

inline ScoreMatrix fill_scores(int64_t K, int64_t N, Fill fill, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  ScoreMatrix scores{K, N, std::vector<float>(static_cast<size_t>(K * N))};
  for (int64_t k = 0; k < K; ++k) {
    for (int64_t n = 0; n < N; ++n) {
      float& score = scores.at(k, n);
      const float x = normal(generator);
      score = x * x;
      if (fill == Fill::kEqual) score = 0.1F;
      if (fill == Fill::kZero) score = 0.0F;
      if (fill == Fill::kFewValues) score = std::floor(std::min(std::abs(x), 2.0F));
      if (fill == Fill::kDeadRows && k % 3 == 1) score = 0.0F;
      if (fill == Fill::kIdenticalRows) {
        score = k > 0 ? scores.at(0, n) : std::ldexp(std::abs(x), static_cast<int>(n % 7) * -6);
      }
    }
  }
  if (fill == Fill::kHuge) scores.at(K / 2, N / 2) = 1e30F;
  return scores;
}

struct Shape {
  int64_t K, N;
};
/// One row, one column, K that is no multiple of 4 or 16, N that is no multiple of G, and some that
/// fit.
inline constexpr Shape kShapes[] = {{1, 1},   {1, 70},   {70, 1},  {3, 5},   {5, 200}, {16, 64},
                                    {27, 33}, {37, 130}, {64, 96}, {128, 8}, {130, 64}};

inline constexpr const char* kPatterns[] = {"ew",
                                            "2:4",
                                            "1:4",
                                            "3:5",
                                            "block:b=4",
                                            "block:b=32",
                                            "tw:g=64",
                                            "tw:g=16",
                                            "tw:g=7",
                                            "tvw:g=64,nm=2:4",
                                            "tvw:g=16,nm=1:4",
                                            "tvw:g=7,nm=1:2",
                                            "tvw:g=8,nm=4:8"};

inline std::unique_ptr<patterns::Pattern> pattern(const char* text) {
  return patterns::make_pattern(parse_pattern(text));
}

/// A sparsity that `spec` can be asked for: `extra` of what its ratio leaves.
inline Sparsity target_for(const PatternSpec& spec, double extra) {
  const double density = spec.kind == PatternKind::kTvw ? spec.nm.density() : 1.0;
  return Sparsity(1.0 - density * (1.0 - extra));
}

/// What a tile of so many rows keeps in each column: groups of `nm`, the last one may be short.
inline int64_t kept_of_rows(int64_t rows, NmRatio nm) {
  return rows / nm.group * nm.keep + std::min(nm.keep, rows % nm.group);
}

inline NmRatio ratio_of(const PatternSpec& spec) {
  return spec.kind == PatternKind::kTvw ? spec.nm : NmRatio{1, 1};
}

/// Everything that TileLayout promises, and that the mask agrees: in each group of rows as they are
/// packed a column keeps at most `keep`, or exactly so many if `exact`.
inline void check_layout(const Mask& mask, const TileLayout& layout, const PatternSpec& spec,
                         bool exact) {
  const NmRatio nm = ratio_of(spec);
  CHECK(layout.granularity == spec.granularity);
  std::set<int32_t> columns;
  int64_t covered = 0;
  int64_t wrong_groups = 0;
  for (const Tile& tile : layout.tiles) {
    REQUIRE_FALSE(tile.kept_n.empty());
    REQUIRE_FALSE(tile.kept_k.empty());
    CHECK(static_cast<int64_t>(tile.kept_n.size()) <= spec.granularity);
    CHECK(std::is_sorted(tile.kept_n.begin(), tile.kept_n.end()));
    for (const int32_t n : tile.kept_n) {
      REQUIRE((n >= 0 && n < mask.cols()));
      CHECK(columns.insert(n).second);
    }
    const std::set<int32_t> rows(tile.kept_k.begin(), tile.kept_k.end());
    CHECK(rows.size() == tile.kept_k.size());
    REQUIRE((*rows.begin() >= 0 && *rows.rbegin() < mask.rows()));
    for (size_t r0 = 0; r0 < tile.kept_k.size(); r0 += static_cast<size_t>(nm.group)) {
      const size_t end = std::min(tile.kept_k.size(), r0 + static_cast<size_t>(nm.group));
      const int64_t most = std::min(nm.keep, static_cast<int64_t>(end - r0));
      for (const int32_t n : tile.kept_n) {
        int64_t kept = 0;
        for (size_t r = r0; r < end; ++r) kept += mask.kept(tile.kept_k[r], n) ? 1 : 0;
        covered += kept;
        if (kept > most || (exact && kept < most)) ++wrong_groups;
      }
    }
  }
  CHECK(wrong_groups == 0);
  CHECK(covered == mask.kept_count());  // nothing is kept outside of the tiles
}

/// Runs `body` with so many threads and puts the number back.
template <class Body>
void with_threads(int threads, const Body& body) {
  const int before = thread_count();
  set_thread_count(threads);
  body();
  set_thread_count(before);
}

}  // namespace tvw::test
