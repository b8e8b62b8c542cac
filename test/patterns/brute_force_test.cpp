// Selections against the best ones, found by trying all, where that is possible.
#include <algorithm>
#include <numeric>

#include "patterns/scores.hpp"
#include "support/catch.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw {
namespace {

using test::make_scores;
using test::Scores;

double kept_sum(const Scores& scores, const Mask& mask) {
  double sum = 0.0;
  for (int64_t k = 0; k < scores.K; ++k) {
    for (int64_t n = 0; n < scores.N; ++n) {
      if (mask.kept(k, n)) sum += scores.view()(k, n);
    }
  }
  return sum;
}

double largest_sum(std::vector<float> values, int64_t count) {
  std::sort(values.begin(), values.end(), std::greater<>());
  return std::accumulate(values.begin(), values.begin() + count, 0.0);
}

TEST_CASE("ew keeps the largest scores, of equal ones the first", "[patterns]") {
  const auto pattern = patterns::make_pattern(parse_pattern("ew"));
  for (const std::string& kind : test::score_kinds()) {
    CAPTURE(kind);
    const Scores scores = make_scores(13, 17, kind, 4);
    const Mask mask = pattern->select(scores.view(), Sparsity(0.7)).mask;
    CHECK(kept_sum(scores, mask) == Approx(largest_sum(scores.values, mask.kept_count())));
    // No dropped element comes before a kept one of the same score.
    for (int64_t i = 0; i < 13 * 17; ++i) {
      for (int64_t j = 0; j < i; ++j) {
        const bool same =
            scores.values[static_cast<size_t>(i)] == scores.values[static_cast<size_t>(j)];
        if (same && mask.kept(i / 17, i % 17) && !mask.kept(j / 17, j % 17))
          FAIL(i << " before " << j);
      }
    }
  }
}

TEST_CASE("n:m keeps the largest of every group", "[patterns]") {
  for (const char* text : {"2:4", "1:4", "1:2", "3:4", "2:8"}) {
    const PatternSpec spec = parse_pattern(text);
    const auto pattern = patterns::make_pattern(spec);
    for (const int64_t K : {1, 3, 4, 16, 18}) {
      const Scores scores = make_scores(K, 9, "normal", static_cast<uint32_t>(K));
      const Mask mask = pattern->select(scores.view(), Sparsity(0.5)).mask;
      for (int64_t n = 0; n < 9; ++n) {
        for (int64_t k0 = 0; k0 < K; k0 += spec.nm.group) {
          CAPTURE(text, K, n, k0);
          std::vector<float> group;
          double kept = 0.0;
          int64_t count = 0;
          for (int64_t k = k0; k < std::min(K, k0 + spec.nm.group); ++k) {
            group.push_back(scores.view()(k, n));
            if (!mask.kept(k, n)) continue;
            kept += scores.view()(k, n);
            ++count;
          }
          CHECK(count == std::min<int64_t>(spec.nm.keep, static_cast<int64_t>(group.size())));
          CHECK(kept == Approx(largest_sum(group, count)));
        }
      }
    }
  }
}

TEST_CASE("block keeps the best blocks of every block row, the same number in each", "[patterns]") {
  const auto pattern = patterns::make_pattern(parse_pattern("block:b=4"));
  const Scores scores = make_scores(16, 24, "normal", 8);
  const Mask mask = pattern->select(scores.view(), Sparsity(0.75)).mask;
  for (int64_t n0 = 0; n0 < 24; n0 += 4) {  // Blocked-ELL stores as many for each
    std::vector<float> sums, kept;
    for (int64_t k0 = 0; k0 < 16; k0 += 4) {
      float sum = 0.0F;
      for (int64_t i = 0; i < 16; ++i) sum += scores.view()(k0 + i / 4, n0 + i % 4);
      sums.push_back(sum);
      if (mask.kept(k0, n0)) kept.push_back(sum);
    }
    CAPTURE(n0);
    REQUIRE(kept.size() == 1);
    CHECK(kept[0] == *std::max_element(sums.begin(), sums.end()));
  }
}

TEST_CASE("a tile keeps its best rows", "[patterns]") {
  for (const auto permute : {patterns::Permute::kOff, patterns::Permute::kFast}) {
    const auto pattern = patterns::make_pattern(parse_pattern("tw:g=16"));
    const Scores scores = make_scores(80, 64, "normal", 2);
    const Selection selection = pattern->select(scores.view(), Sparsity(0.6), {permute, {}});
    for (const Tile& tile : selection.tiles->tiles) {
      double worst_kept = 1e30, best_dropped = -1.0;
      for (int32_t k = 0; k < 80; ++k) {
        double sum = 0.0;
        for (const int32_t n : tile.kept_n) sum += scores.view()(k, n);
        const bool kept = std::find(tile.kept_k.begin(), tile.kept_k.end(), k) != tile.kept_k.end();
        (kept ? worst_kept : best_dropped) =
            kept ? std::min(worst_kept, sum) : std::max(best_dropped, sum);
      }
      // The search works on scores of 8 bits: a close call may go the other way.
      CHECK(worst_kept >= best_dropped * (permute == patterns::Permute::kOff ? 1.0 : 0.93));
    }
  }
}

TEST_CASE("units add up to what a pattern can keep", "[patterns]") {
  const Scores scores = make_scores(64, 96, "normal", 6);
  for (const char* text : {"ew", "2:4", "block:b=16", "tw:g=32", "tvw:g=32"}) {
    CAPTURE(text);
    const PatternSpec spec = parse_pattern(text);
    int64_t elements = 0;
    for (const patterns::Unit& unit : patterns::make_pattern(spec)->units(scores.view())) {
      CHECK(unit.size > 0);
      CHECK(unit.score >= 0.0F);
      elements += unit.size;
    }
    const bool halved = spec.kind == PatternKind::kNm || spec.kind == PatternKind::kTvw;
    CHECK(elements == 64 * 96 / (halved ? 2 : 1));
  }
}

}  // namespace
}  // namespace tvw
