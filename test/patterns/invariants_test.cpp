// What every selection must be, over all patterns, awkward shapes and degenerate scores.
#include "patterns/selection_checks.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

using patterns::Permute;
using patterns::SelectOptions;
using test::Fill;
using test::ScoreMatrix;

/// Calls check(pattern, scores, target, selection) for every pattern, shape and kind of scores.
template <class Check>
void for_all(const SelectOptions& options, const Check& check) {
  uint32_t seed = 0;
  for (const char* text : test::kPatterns) {
    const auto pattern = test::pattern(text);
    for (const test::Shape shape : test::kShapes) {
      for (const Fill fill : test::kFills) {
        const ScoreMatrix scores = test::fill_scores(shape.K, shape.N, fill, ++seed);
        for (const double extra : {0.0, 0.5, 0.8}) {
          const Sparsity target = test::target_for(pattern->spec(), extra);
          CAPTURE(text, shape.K, shape.N, static_cast<int>(fill), target.value());
          check(*pattern, scores, target, pattern->select(scores.view(), target, options));
        }
      }
    }
  }
}

/// What n:m keeps whatever the scores are.
int64_t kept_of_nm(int64_t K, int64_t N, NmRatio nm) { return test::kept_of_rows(K, nm) * N; }

void check_kept_count(const PatternSpec& spec, const ScoreMatrix& scores, Sparsity target,
                      const Selection& selection) {
  const auto kept = static_cast<double>(selection.mask.kept_count());
  const double wanted = target.density() * static_cast<double>(scores.K * scores.N);
  const double rounding = 1e-6;
  switch (spec.kind) {
    case PatternKind::kEw:
      CHECK(std::abs(kept - wanted) <= 0.5 + rounding);
      return;
    case PatternKind::kNm:
      CHECK(selection.mask.kept_count() == kept_of_nm(scores.K, scores.N, spec.nm));
      return;
    case PatternKind::kBlock:
      CHECK(std::abs(kept - wanted) <= static_cast<double>(std::min(spec.block_size, scores.K) *
                                                           std::min(spec.block_size, scores.N)) /
                                               2 +
                                           rounding);
      return;
    case PatternKind::kTw:
    case PatternKind::kTvw: {
      const NmRatio nm = test::ratio_of(spec);
      int64_t expected = 0;
      for (const Tile& tile : selection.tiles->tiles) {
        expected += test::kept_of_rows(static_cast<int64_t>(tile.kept_k.size()), nm) *
                    static_cast<int64_t>(tile.kept_n.size());
      }
      CHECK(selection.mask.kept_count() == expected);  // groups keep what they can
      const double half = static_cast<double>(nm.keep * std::min(spec.granularity, scores.N)) / 2;
      CHECK(std::abs(kept - wanted) <= half + rounding);
      return;
    }
  }
}

/// A packed tile is G columns wide and its rows come in sixteens: at most one tile wastes columns,
/// and one wastes rows unless it has all.
void check_padding(const TileLayout& layout, int64_t K) {
  int64_t narrow = 0;
  int64_t odd = 0;
  for (const Tile& tile : layout.tiles) {
    const auto rows = static_cast<int64_t>(tile.kept_k.size());
    narrow += static_cast<int64_t>(tile.kept_n.size()) < layout.granularity ? 1 : 0;
    odd += rows != K && rows % 16 != 0 ? 1 : 0;
  }
  CHECK(narrow <= 1);
  CHECK(odd <= 1);
}

TEST_CASE("a selection is of its pattern and meets its target", "[patterns]") {
  const Permute permute = GENERATE(Permute::kOff, Permute::kFast);
  CAPTURE(name(permute));
  for_all({permute, patterns::Split::kAuto}, [&](const patterns::Pattern& pattern,
                                                 const ScoreMatrix& scores, Sparsity target,
                                                 const Selection& selection) {
    REQUIRE(selection.mask.rows() == scores.K);
    REQUIRE(selection.mask.cols() == scores.N);
    check_kept_count(pattern.spec(), scores, target, selection);
    const PatternKind kind = pattern.spec().kind;
    const bool tiled = kind == PatternKind::kTw || kind == PatternKind::kTvw;
    REQUIRE(selection.tiles.has_value() == tiled);
    if (tiled) {
      test::check_layout(selection.mask, *selection.tiles, pattern.spec(), true);
      check_padding(*selection.tiles, scores.K);
    }
    CHECK(pattern.conforms(selection).violation.empty());               // by its tiles
    if (kind == PatternKind::kTvw && permute != Permute::kOff) return;  // no mask tells its columns
    const patterns::Conformity conformity = pattern.conforms({selection.mask, std::nullopt});
    CHECK(conformity.conforms);
    CHECK(conformity.violation.empty());
    REQUIRE(conformity.tiles.has_value() == tiled);
    if (tiled) test::check_layout(selection.mask, *conformity.tiles, pattern.spec(), false);
  });
}

TEST_CASE("without permutation rows and columns stay in their order", "[patterns]") {
  for_all({Permute::kOff, patterns::Split::kEqual},
          [](const patterns::Pattern& pattern, const ScoreMatrix& scores, Sparsity target,
             const Selection& selection) {
            check_kept_count(pattern.spec(), scores, target, selection);
            if (!selection.tiles) return;
            int32_t last = -1;
            for (const Tile& tile : selection.tiles->tiles) {
              CHECK(std::is_sorted(tile.kept_k.begin(), tile.kept_k.end()));
              CHECK(tile.kept_n.front() > last);
              last = tile.kept_n.back();
            }
          });
}

TEST_CASE("every permute setting gives the same bits for any number of threads", "[patterns]") {
  for (const char* text : {"tw:g=16", "tvw:g=16,nm=2:4"}) {
    const auto pattern = test::pattern(text);
    for (const Permute permute : {Permute::kOff, Permute::kFast, Permute::kBest}) {
      for (const Fill fill : {Fill::kSquares, Fill::kFewValues}) {
        const ScoreMatrix scores = test::fill_scores(84, 150, fill, 5);
        const Sparsity target = test::target_for(pattern->spec(), 0.4);
        Selection one;
        double one_kept = 0.0;
        test::with_threads(1, [&] {
          one = pattern->select(scores.view(), target, {permute, patterns::Split::kAuto});
          one_kept = patterns::kept_score(scores.view(), one.mask);
        });
        for (const int threads : {2, 3, 7}) {
          test::with_threads(threads, [&] {
            CAPTURE(text, name(permute), static_cast<int>(fill), threads);
            const Selection many =
                pattern->select(scores.view(), target, {permute, patterns::Split::kAuto});
            CHECK(many.mask == one.mask);
            CHECK(many.tiles == one.tiles);
            CHECK(patterns::kept_score(scores.view(), many.mask) == one_kept);
          });
        }
      }
    }
  }
}

/// Kept rows of column n, as text: "0 1 4".
std::string kept_rows(const Mask& mask, int64_t n) {
  std::string text;
  for (int64_t k = 0; k < mask.rows(); ++k) {
    if (mask.kept(k, n)) text += (text.empty() ? "" : " ") + std::to_string(k);
  }
  return text;
}

TEST_CASE("equal scores keep the lower row, column, block and tile", "[patterns]") {
  const ScoreMatrix scores = test::fill_scores(8, 6, Fill::kEqual, 1);
  const auto mask = [&](const char* text, double zeros, const ScoreMatrix& from) {
    return test::pattern(text)->select(from.view(), Sparsity(zeros)).mask;
  };
  const Mask ew = mask("ew", 1.0 - 8.0 / 48.0, scores);  // row 0 and the first two of row 1
  for (int64_t n = 0; n < 6; ++n) CHECK(kept_rows(ew, n) == (n < 2 ? "0 1" : "0"));
  const Mask nm = mask("2:4", 0.5, scores);
  for (int64_t n = 0; n < 6; ++n) CHECK(kept_rows(nm, n) == "0 1 4 5");
  const Mask block = mask("block:b=2", 1.0 - 16.0 / 48.0, scores);  // 4 of 12, 3 block rows
  for (int64_t n = 0; n < 6; ++n) CHECK(kept_rows(block, n) == (n < 2 ? "0 1 2 3" : "0 1"));

  const ScoreMatrix large = test::fill_scores(64, 128, Fill::kEqual, 1);
  const Mask tw = mask("tw:g=32", 1.0 - 1.75 / 4.0, large);  // one tile and three quarters
  for (int64_t n = 0; n < 128; ++n) {
    const int64_t rows = n < 32 ? 64 : n < 64 ? 48 : 0;
    for (int64_t k = 0; k < 64; ++k) {
      if (tw.kept(k, n) != (k < rows)) FAIL("[" << k << ", " << n << "]");
    }
  }
  // Rows that 2:4 would leave something of come first: 0 1 4 5 8 9, and so on. Seven sixteens of
  // these, then 2:4 among them.
  const Mask tvw = mask("tvw:g=32,nm=2:4", 1.0 - 1.75 / 8.0, large);
  for (int64_t n = 0; n < 128; ++n) {
    CHECK(kept_rows(tvw, n) ==
          (n < 96 ? "0 1 8 9 16 17 24 25 32 33 40 41 48 49 56 57" : "0 1 8 9 16 17 24 25"));
  }
}

TEST_CASE("one giant does not blind the choice of the other columns", "[patterns]") {
  // Columns 0 to 15 are worth 1, those from 16 on 2, and one element outweighs everything.
  ScoreMatrix scores{16, 32, std::vector<float>(512, 2.0F)};
  for (int64_t k = 0; k < 16; ++k) {
    for (int64_t n = 0; n < 16; ++n) scores.at(k, n) = 1.0F;
  }
  scores.at(3, 20) = 1e30F;
  for (const Permute permute : {Permute::kOff, Permute::kFast}) {
    const Mask mask = test::pattern("tw:g=8")
                          ->select(scores.view(), Sparsity(0.5), {permute, patterns::Split::kEqual})
                          .mask;
    for (int64_t n = 0; n < 32; ++n) CHECK(mask.kept(0, n) == (n >= 16));
  }
}

TEST_CASE("what cannot be selected is refused", "[patterns]") {
  const auto code = [](const char* text, int64_t K, int64_t N, double zeros) {
    const ScoreMatrix scores = test::fill_scores(K, N, Fill::kSquares, 1);
    try {
      static_cast<void>(test::pattern(text)->select(scores.view(), Sparsity(zeros)));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kNothingToDo;
  };
  for (const char* text : test::kPatterns) {
    CHECK(code(text, 0, 4, 0.8) == ErrorCode::kInvalidArgument);
    CHECK(code(text, 4, 0, 0.8) == ErrorCode::kInvalidArgument);
    CHECK(code(text, 4, 4, 0.8) == ErrorCode::kNothingToDo);
  }
  CHECK(code("tvw:nm=2:4", 8, 8, 0.4) == ErrorCode::kUsage);
  CHECK(code("tvw:nm=2:4", 8, 8, 0.5) == ErrorCode::kNothingToDo);
}

}  // namespace
}  // namespace tvw
