// What grouping columns and ordering rows is for: structure that was planted is found again.
#include "patterns/selection_checks.hpp"

namespace tvw {
namespace {

using patterns::Permute;
using patterns::Split;
using test::Fill;
using test::ScoreMatrix;

double kept(const patterns::Pattern& pattern, const ScoreMatrix& scores, Sparsity target,
            const patterns::SelectOptions& options) {
  return patterns::kept_score(scores.view(), pattern.select(scores.view(), target, options).mask);
}

TEST_CASE("best gains on fast, and fast on off, for random scores of any shape", "[patterns]") {
  uint32_t seed = 0;
  int64_t fast_gains = 0;
  int64_t best_gains = 0;
  for (const char* text : {"tw:g=16", "tvw:g=16,nm=2:4", "tvw:g=7,nm=1:4"}) {
    const auto pattern = test::pattern(text);
    for (const test::Shape shape : test::kShapes) {
      const ScoreMatrix scores = test::fill_scores(shape.K, shape.N, Fill::kSquares, ++seed);
      const Sparsity target = test::target_for(pattern->spec(), 0.5);
      CAPTURE(text, shape.K, shape.N);
      const double off = kept(*pattern, scores, target, {Permute::kOff, Split::kAuto});
      const double fast = kept(*pattern, scores, target, {Permute::kFast, Split::kAuto});
      const double best = kept(*pattern, scores, target, {Permute::kBest, Split::kAuto});
      CHECK(off <= fast);
      CHECK(fast <= best);
      fast_gains += fast > off ? 1 : 0;
      best_gains += best > fast ? 1 : 0;
    }
  }
  CHECK(fast_gains > 10);  // else the search does nothing
  CHECK(best_gains > 10);
}

TEST_CASE("columns that want the same rows are put into one tile", "[patterns]") {
  // Column n wants half of the rows, by the parity of n: no tile of neighbours keeps all of that.
  // What it wants is not the same everywhere, or every exchange of two columns would gain nothing.
  ScoreMatrix scores = test::fill_scores(64, 64, Fill::kSquares, 1);
  double wanted = 0.0;
  for (int64_t k = 0; k < 64; ++k) {
    for (int64_t n = 0; n < 64; ++n) {
      scores.at(k, n) = k % 2 == n % 2 ? 1.0F + 0.1F * scores.at(k, n) : 0.01F;
      wanted += k % 2 == n % 2 ? scores.at(k, n) : 0.0F;
    }
  }
  const double all = wanted / (wanted + 0.01 * 64 * 32);
  const auto pattern = test::pattern("tw:g=16");
  CHECK(kept(*pattern, scores, Sparsity(0.5), {Permute::kOff, Split::kAuto}) < 0.6);
  CHECK(kept(*pattern, scores, Sparsity(0.5), {Permute::kFast, Split::kAuto}) == Approx(all));
}

TEST_CASE("rows that compete are put into different groups", "[patterns]") {
  // Rows 4q to 4q+3 are large in the same columns: 2:4 in this order loses half of them, but rows
  // can be ordered so that every group has two large ones in each column.
  ScoreMatrix scores{64, 32, std::vector<float>(64 * 32, 0.0F)};
  for (int64_t k = 0; k < 64; ++k) {
    for (int64_t n = 0; n < 32; ++n) scores.at(k, n) = k / 4 % 2 == n % 2 ? 1.0F : 0.001F;
  }
  const auto pattern = test::pattern("tvw:g=32,nm=2:4");
  CHECK(kept(*pattern, scores, Sparsity(0.5), {Permute::kOff, Split::kAuto}) ==
        Approx(0.5).epsilon(0.01));
  CHECK(kept(*pattern, scores, Sparsity(0.5), {Permute::kFast, Split::kAuto}) > 0.99);
}

TEST_CASE("split equal drops the same share of columns and rows", "[patterns]") {
  for (const char* text : {"tw:g=8", "tvw:g=8,nm=2:4"}) {
    CAPTURE(text);
    const auto pattern = test::pattern(text);
    const ScoreMatrix scores = test::fill_scores(128, 128, Fill::kSquares, 1);
    const Selection equal = pattern->select(scores.view(), test::target_for(pattern->spec(), 0.75),
                                            {Permute::kOff, Split::kEqual});
    // 1 - s_col = sqrt(0.25): 8 of 16 tiles, and half of the rows in them on average.
    REQUIRE(equal.tiles->tiles.size() == 8);
    int64_t rows = 0;
    for (const Tile& tile : equal.tiles->tiles) rows += static_cast<int64_t>(tile.kept_k.size());
    CHECK(rows == 8 * 64);
  }
}

TEST_CASE("split auto drops columns where columns are what differs", "[patterns]") {
  ScoreMatrix scores = test::fill_scores(64, 64, Fill::kEqual, 1);
  for (int64_t k = 0; k < 64; ++k) {
    for (int64_t n = 0; n < 64; ++n) {
      if (n % 16 < 4) scores.at(k, n) = 0.0F;  // a quarter of the columns holds nothing
    }
  }
  const auto pattern = test::pattern("tw:g=8");
  const Selection selection =
      pattern->select(scores.view(), Sparsity(0.25), {Permute::kOff, Split::kAuto});
  CHECK(patterns::kept_score(scores.view(), selection.mask) == 1.0);
  CHECK(selection.tiles->tiles.size() == 6);
}

}  // namespace
}  // namespace tvw
