// A mask is judged by what it is, not by who made it.
#include "patterns/selection_checks.hpp"
#include "support/random_weights.hpp"

namespace tvw {
namespace {

using patterns::Conformity;
using test::pattern;

bool is_nm(const Mask& mask, NmRatio nm) {
  for (int64_t n = 0; n < mask.cols(); ++n) {
    std::vector<int64_t> groups(static_cast<size_t>(mask.rows() / nm.group + 1), 0);
    for (int64_t k = 0; k < mask.rows(); ++k) {
      if (mask.kept(k, n)) ++groups[static_cast<size_t>(k / nm.group)];
    }
    for (const int64_t kept : groups) {
      if (kept > nm.keep) return false;
    }
  }
  return true;
}

bool is_block(const Mask& mask, int64_t b) {
  for (int64_t k = 0; k < mask.rows(); ++k) {
    for (int64_t n = 0; n < mask.cols(); ++n) {
      if (mask.kept(k, n) != mask.kept(k / b * b, n / b * b)) return false;
    }
  }
  return true;
}

/// Refused masks come with a sentence, accepted ones without; tiles pack what they say they do.
bool judged(const Mask& mask, const char* text) {
  const auto judge = pattern(text);
  const Conformity conformity = judge->conforms({mask, std::nullopt});
  CHECK(conformity.conforms == conformity.violation.empty());
  const bool tiled =
      judge->spec().kind == PatternKind::kTw || judge->spec().kind == PatternKind::kTvw;
  CHECK(conformity.tiles.has_value() == (tiled && conformity.conforms));
  if (conformity.tiles) {
    test::check_layout(mask, *conformity.tiles, judge->spec(), false);
    int64_t stored = 0;
    for (const Tile& tile : conformity.tiles->tiles) {
      stored += test::kept_of_rows(static_cast<int64_t>(tile.kept_k.size()),
                                   test::ratio_of(judge->spec())) *
                static_cast<int64_t>(tile.kept_n.size());
    }
    CHECK(static_cast<double>(stored - mask.kept_count()) <= 0.01 * static_cast<double>(stored));
  }
  return conformity.conforms;
}

TEST_CASE("n:m and block agree with their definitions on any mask", "[patterns]") {
  int64_t yes = 0;
  int64_t no = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    for (const test::Shape shape : test::kShapes) {
      const char* maker = test::kPatterns[seed % std::size(test::kPatterns)];
      const Mask mask =
          test::random_selection(shape.K, shape.N, parse_pattern(maker), 0.4, seed).mask;
      CAPTURE(seed, shape.K, shape.N, maker);
      for (const char* text : {"2:4", "1:4", "3:5"}) {
        const bool expected = is_nm(mask, parse_pattern(text).nm);
        CHECK(judged(mask, text) == expected);
        ++(expected ? yes : no);
      }
      for (const char* text : {"block:b=4", "block:b=32"}) {
        const bool expected = is_block(mask, parse_pattern(text).block_size);
        CHECK(judged(mask, text) == expected);
        ++(expected ? yes : no);
      }
      CHECK(judged(mask, "ew"));
    }
  }
  CHECK(yes > 100);
  CHECK(no > 100);
}

TEST_CASE("an element-wise mask is of no other pattern", "[patterns]") {
  for (const test::Shape shape : {test::Shape{37, 130}, {64, 96}, {130, 64}}) {
    const Mask mask = test::random_mask(shape.K, shape.N, 0.5, 3);
    for (const char* text : test::kPatterns) {
      CAPTURE(text, shape.K, shape.N);
      CHECK(judged(mask, text) == (std::string(text) == "ew"));
    }
  }
}

TEST_CASE("one weight too many is found, and the place is named", "[patterns]") {
  const test::ScoreMatrix scores = test::fill_scores(64, 64, test::Fill::kSquares, 1);
  Mask nm = pattern("2:4")->select(scores.view(), Sparsity(0.5)).mask;
  int64_t k = 40;
  while (nm.kept(k, 7)) ++k;
  nm.keep(k, 7);
  CHECK(pattern("2:4")->conforms({nm, std::nullopt}).violation ==
        "column 7 keeps 3 of its rows 40 to 43, expected at most 2");

  Mask block = pattern("block:b=8")->select(scores.view(), Sparsity(0.5)).mask;
  const bool kept = block.kept(16, 24);
  kept ? block.drop(17, 25) : block.keep(17, 25);
  CHECK(pattern("block:b=8")->conforms({block, std::nullopt}).violation ==
        "the block at [16, 24] keeps " + std::string(kept ? "63" : "1") +
            " of 64 weights, expected none or all");

  Mask tvw(16, 4, false);
  for (int64_t n = 0; n < 4; ++n) {
    for (const int64_t row : {0, 1, 6, 7}) tvw.keep(row, n);
  }
  tvw.keep(6, 2);
  tvw.drop(7, 2);
  tvw.drop(1, 2);
  CHECK(judged(tvw, "tvw:g=4,nm=2:4") == false);  // 14 weights in places for 16
}

TEST_CASE("tw is recognised whatever the order of its columns", "[patterns]") {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const Selection made =
        test::random_selection(40, 90, parse_pattern("tw:g=16"), 0.4, seed, seed % 2 == 0);
    CAPTURE(seed);
    CHECK(judged(made.mask, "tw:g=16"));
    CHECK_FALSE(judged(made.mask, "tw:g=64"));  // columns of a large tile keep different rows
  }
}

TEST_CASE("a few zeros among the kept weights do not matter, more do", "[patterns]") {
  const test::ScoreMatrix scores = test::fill_scores(64, 64, test::Fill::kSquares, 1);
  for (const char* text : {"tw:g=32", "tvw:g=32,nm=2:4"}) {
    CAPTURE(text);
    const Selection made = pattern(text)->select(scores.view(), Sparsity(0.5),
                                                 {patterns::Permute::kOff, patterns::Split::kAuto});
    Mask mask = made.mask;
    const int64_t spare = mask.kept_count() / 100;
    int64_t dropped = 0;
    const auto drop = [&](int64_t count) {
      for (int64_t k = 0; k < 64 && dropped < count; ++k) {
        for (int64_t n = k % 7; n < 64 && dropped < count; n += 7) {
          if (!mask.kept(k, n)) continue;
          mask.drop(k, n);
          ++dropped;
        }
      }
    };
    drop(spare);
    CHECK(judged(mask, text));
    drop(spare + 1);
    CHECK_FALSE(judged(mask, text));
  }
}

TEST_CASE("tvw is recognised where 2:4 left nothing of a row", "[patterns]") {
  // One column: of four packed rows two are zero in the whole tile.
  for (const int64_t N : {1, 2, 64}) {
    test::ScoreMatrix scores = test::fill_scores(32, N, test::Fill::kSquares, 1);
    for (int64_t k = 0; k < 32; k += 5) {
      for (int64_t n = 0; n < N; ++n) scores.at(k, n) = 0.0F;
    }
    const Mask mask = pattern("tvw:g=64,nm=2:4")
                          ->select(scores.view(), Sparsity(0.5), {patterns::Permute::kOff, {}})
                          .mask;
    CAPTURE(N);
    CHECK(judged(mask, "tvw:g=64,nm=2:4"));
  }
}

TEST_CASE("a mask that keeps nothing or everything", "[patterns]") {
  for (const test::Shape shape : test::kShapes) {
    const Mask none(shape.K, shape.N, false);
    const Mask all(shape.K, shape.N, true);
    for (const char* text : test::kPatterns) {
      CAPTURE(text, shape.K, shape.N);
      const PatternSpec spec = parse_pattern(text);
      const bool rationed = spec.kind == PatternKind::kNm || spec.kind == PatternKind::kTvw;
      CHECK(judged(none, text));
      CHECK(judged(all, text) == (!rationed || shape.K <= spec.nm.keep));
    }
  }
}

TEST_CASE("tiles that are given are checked and not looked for", "[patterns]") {
  const test::ScoreMatrix scores = test::fill_scores(128, 192, test::Fill::kSquares, 2);
  for (const char* text : {"tw:g=16", "tvw:g=16"}) {
    CAPTURE(text);
    const auto judge = pattern(text);
    const Selection selection = judge->select(scores.view(), Sparsity(0.75));
    CHECK(judge->conforms(selection).tiles == selection.tiles);

    const auto violation_of = [&](const TileLayout& tiles) {
      return judge->conforms({selection.mask, tiles}).violation;
    };
    TileLayout wide = selection.tiles.value();
    wide.granularity = 32;
    CHECK(violation_of(wide) == "its tiles are of 32 columns, expected 16");
    TileLayout fewer = selection.tiles.value();
    fewer.tiles.pop_back();
    CHECK(violation_of(fewer).find("of them inside of the tiles") != std::string::npos);
  }
  // Rows in another order share other groups.
  const Selection tvw = pattern("tvw:g=16")->select(scores.view(), Sparsity(0.75));
  TileLayout ascending = tvw.tiles.value();
  for (Tile& tile : ascending.tiles) std::sort(tile.kept_k.begin(), tile.kept_k.end());
  const Conformity sorted = pattern("tvw:g=16")->conforms({tvw.mask, ascending});
  CHECK_FALSE(sorted.conforms);
  CHECK(sorted.violation.find("of its tile, expected at most 2 of each 4") != std::string::npos);
}

}  // namespace
}  // namespace tvw
