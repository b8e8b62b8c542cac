// Where everything can be tried, nothing of the same size keeps more score.
#include <bit>
#include <functional>

#include "patterns/selection_checks.hpp"

namespace tvw {
namespace {

using test::Fill;
using test::ScoreMatrix;

/// The largest sum of `count` of the values.
double best_sum(const std::vector<double>& values, int64_t count) {
  double best = -1.0;
  for (uint32_t chosen = 0; chosen < (1U << values.size()); ++chosen) {
    if (std::popcount(chosen) != count) continue;
    double sum = 0.0;
    for (size_t i = 0; i < values.size(); ++i) sum += ((chosen >> i) & 1) != 0 ? values[i] : 0.0;
    best = std::max(best, sum);
  }
  return best;
}

double kept_sum(const ScoreMatrix& scores, const Mask& mask) {
  double sum = 0.0;
  for (int64_t k = 0; k < scores.K; ++k) {
    for (int64_t n = 0; n < scores.N; ++n) sum += mask.kept(k, n) ? scores.view()(k, n) : 0.0F;
  }
  return sum;
}

void for_seeds(int64_t K, int64_t N, const std::function<void(const ScoreMatrix&)>& check) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    for (const Fill fill : {Fill::kSquares, Fill::kFewValues, Fill::kHuge, Fill::kDeadRows}) {
      CAPTURE(seed, static_cast<int>(fill));
      check(test::fill_scores(K, N, fill, seed));
    }
  }
}

Mask select(const char* text, const ScoreMatrix& scores, double zeros,
            patterns::Permute permute = patterns::Permute::kOff) {
  return test::pattern(text)
      ->select(scores.view(), Sparsity(zeros), {permute, patterns::Split::kAuto})
      .mask;
}

TEST_CASE("block keeps the best blocks when block rows differ by at most one", "[patterns]") {
  constexpr int64_t kEdge = 2;
  for_seeds(6, 8, [](const ScoreMatrix& scores) {  // 3 x 4 blocks; a block row is two columns of B
    constexpr int64_t kOfRow = 3;
    constexpr int64_t kRows = 4;
    std::vector<double> sums;
    for (int64_t i = 0; i < kRows * kOfRow; ++i) {
      double sum = 0.0;
      for (int64_t e = 0; e < kEdge * kEdge; ++e) {
        sum += scores.view()(i % kOfRow * kEdge + e / kEdge, i / kOfRow * kEdge + e % kEdge);
      }
      sums.push_back(sum);
    }
    for (const double zeros : {0.2, 0.5, 0.75}) {
      const Mask mask = select("block:b=2", scores, zeros);
      const int64_t blocks = mask.kept_count() / (kEdge * kEdge);
      double best = -1.0;
      for (uint32_t chosen = 0; chosen < (1U << sums.size()); ++chosen) {
        if (std::popcount(chosen) != blocks) continue;
        int fewest = kOfRow;
        int most = 0;
        double sum = 0.0;
        for (int64_t row = 0; row < kRows; ++row) {
          const int count = std::popcount((chosen >> (row * kOfRow)) & 7U);
          fewest = std::min(fewest, count);
          most = std::max(most, count);
        }
        if (most - fewest > 1) continue;
        for (size_t i = 0; i < sums.size(); ++i) sum += ((chosen >> i) & 1) != 0 ? sums[i] : 0.0;
        best = std::max(best, sum);
      }
      CHECK(kept_sum(scores, mask) == Approx(best));
    }
  });
}

TEST_CASE("tw keeps the best rows of a single tile", "[patterns]") {
  for_seeds(9, 5, [](const ScoreMatrix& scores) {
    std::vector<double> rows(9, 0.0);
    for (int64_t k = 0; k < 9; ++k) {
      for (int64_t n = 0; n < 5; ++n) rows[static_cast<size_t>(k)] += scores.view()(k, n);
    }
    for (const double zeros : {0.0, 0.3, 0.6, 0.8}) {
      const Mask mask = select("tw:g=8", scores, zeros);
      CHECK(mask.kept_count() % 5 == 0);
      CHECK(kept_sum(scores, mask) == Approx(best_sum(rows, mask.kept_count() / 5)));
    }
  });
}

TEST_CASE("tw keeps the best columns when it drops nothing else", "[patterns]") {
  // Half of the elements as half of the columns: tiles of one column, each whole or not at all.
  ScoreMatrix scores = test::fill_scores(16, 12, Fill::kEqual, 1);
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::vector<double> columns(12, 0.0);
    const ScoreMatrix factors = test::fill_scores(1, 12, Fill::kSquares, seed);
    for (int64_t k = 0; k < 16; ++k) {
      for (int64_t n = 0; n < 12; ++n) {
        // Far enough apart for scores as bytes, which choose columns.
        scores.at(k, n) = std::round(20.0F * factors.values[static_cast<size_t>(n)]);
        columns[static_cast<size_t>(n)] += scores.at(k, n);
      }
    }
    CHECK(kept_sum(scores, select("tw:g=1", scores, 0.5)) == Approx(best_sum(columns, 6)));
  }
}

TEST_CASE("tvw keeps the best of each group of packed rows", "[patterns]") {
  for (const patterns::Permute permute : {patterns::Permute::kOff, patterns::Permute::kFast}) {
    for_seeds(37, 20, [&](const ScoreMatrix& scores) {
      for (const char* text : {"tvw:g=8,nm=2:4", "tvw:g=8,nm=1:2", "tvw:g=32,nm=4:8"}) {
        const auto pattern = test::pattern(text);
        const NmRatio nm = pattern->spec().nm;
        const Selection selection =
            pattern->select(scores.view(), Sparsity(0.6), {permute, patterns::Split::kAuto});
        double best = 0.0;
        for (const Tile& tile : selection.tiles->tiles) {
          for (const int32_t n : tile.kept_n) {
            for (size_t r0 = 0; r0 < tile.kept_k.size(); r0 += static_cast<size_t>(nm.group)) {
              std::vector<double> group;
              for (size_t r = r0;
                   r < std::min(tile.kept_k.size(), r0 + static_cast<size_t>(nm.group)); ++r) {
                group.push_back(scores.view()(tile.kept_k[r], n));
              }
              best += best_sum(group, std::min(nm.keep, static_cast<int64_t>(group.size())));
            }
          }
        }
        CHECK(kept_sum(scores, selection.mask) == Approx(best));
      }
    });
  }
}

}  // namespace
}  // namespace tvw
