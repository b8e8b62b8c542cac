// Units, as the global budget sees them, are what selection keeps or drops.
#include <numeric>
#include <utility>

#include "patterns/selection_checks.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

using patterns::Unit;
using test::Fill;
using test::ScoreMatrix;

double total(const std::vector<Unit>& units) {
  double sum = 0.0;
  for (const Unit& unit : units) sum += static_cast<double>(unit.score) * unit.size;
  return sum;
}

TEST_CASE("sizes of units sum to what can be kept at most", "[patterns]") {
  for (const char* text : test::kPatterns) {
    const auto pattern = test::pattern(text);
    const PatternSpec& spec = pattern->spec();
    const bool rationed = spec.kind == PatternKind::kNm || spec.kind == PatternKind::kTvw;
    for (const test::Shape shape : test::kShapes) {
      CAPTURE(text, shape.K, shape.N);
      const ScoreMatrix scores = test::fill_scores(shape.K, shape.N, Fill::kSquares, 1);
      int64_t elements = 0;
      for (const Unit& unit : pattern->units(scores.view())) {
        CHECK(unit.size > 0);
        CHECK(std::isfinite(unit.score));
        elements += unit.size;
      }
      CHECK(elements == test::kept_of_rows(shape.K, rationed ? spec.nm : NmRatio{1, 1}) * shape.N);
    }
  }
}

TEST_CASE("a unit's score is the mean of what stays", "[patterns]") {
  const ScoreMatrix scores = test::fill_scores(36, 50, Fill::kSquares, 1);
  const double all = std::accumulate(scores.values.begin(), scores.values.end(), 0.0);
  for (const char* text : {"ew", "block:b=4", "block:b=32", "tw:g=16"}) {
    CAPTURE(text);
    CHECK(total(test::pattern(text)->units(scores.view())) == Approx(all));
  }
  for (const char* text : {"2:4", "tvw:g=16,nm=2:4"}) {  // all units together: N:M and no more
    CAPTURE(text);
    const Selection selection = test::pattern(text)->select(
        scores.view(), Sparsity(0.5), {patterns::Permute::kOff, patterns::Split::kAuto});
    CHECK(total(test::pattern(text)->units(scores.view())) ==
          Approx(all * patterns::kept_score(scores.view(), selection.mask)));
  }
}

TEST_CASE("units have the same bits for any number of threads", "[patterns]") {
  const ScoreMatrix scores = test::fill_scores(84, 150, Fill::kSquares, 1);
  for (const char* text : test::kPatterns) {
    CAPTURE(text);
    std::vector<std::pair<float, int32_t>> one;
    for (const int threads : {1, 2, 3, 7}) {
      std::vector<std::pair<float, int32_t>> units;
      test::with_threads(threads, [&] {
        for (const Unit& unit : test::pattern(text)->units(scores.view())) {
          units.emplace_back(unit.score, unit.size);
        }
      });
      if (one.empty()) one = units;
      CHECK(units == one);
    }
  }
}

TEST_CASE("kept_score is a share, and 1 where there is nothing to lose", "[patterns]") {
  const ScoreMatrix scores{2, 3, {1, 2, 3, 4, 5, 6}};
  Mask mask(2, 3, false);
  CHECK(patterns::kept_score(scores.view(), mask) == 0.0);
  mask.keep(0, 2);
  mask.keep(1, 0);
  CHECK(patterns::kept_score(scores.view(), mask) == Approx(7.0 / 21.0));
  CHECK(patterns::kept_score(scores.view(), Mask(2, 3, true)) == 1.0);
  const ScoreMatrix zeros = test::fill_scores(4, 4, Fill::kZero, 1);
  CHECK(patterns::kept_score(zeros.view(), Mask(4, 4, false)) == 1.0);
}

TEST_CASE("a pattern with impossible parameters is refused", "[patterns]") {
  const auto message = [](const PatternSpec& spec) -> std::string {
    try {
      static_cast<void>(patterns::make_pattern(spec));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
      return error.what();
    }
    return "";
  };
  PatternSpec spec = parse_pattern("tw");
  CHECK(message(spec).empty());
  spec.granularity = 0;
  CHECK(message(spec) == "pattern 'tw:g=0': granularity is below 1");
  spec = parse_pattern("block");
  spec.block_size = -1;
  CHECK(message(spec) == "pattern 'block:b=-1': block size is below 1");
  spec = parse_pattern("2:4");
  for (const NmRatio bad : {NmRatio{0, 4}, NmRatio{5, 4}, NmRatio{0, 0}}) {
    spec.nm = bad;
    CHECK_FALSE(message(spec).empty());
  }
  CHECK(message(parse_pattern("tvw:nm=2:5")) ==
        "pattern 'tvw:g=64,nm=2:5': groups of 5 rows, expected a divisor of 16, the rows of a "
        "kernel's step");
  CHECK(message(parse_pattern("tvw:nm=8:16")).empty());
}

TEST_CASE("permute and split are words", "[patterns]") {
  for (const auto permute :
       {patterns::Permute::kOff, patterns::Permute::kFast, patterns::Permute::kBest}) {
    CHECK(patterns::parse_permute(name(permute)) == permute);
  }
  for (const auto split : {patterns::Split::kEqual, patterns::Split::kAuto}) {
    CHECK(patterns::parse_split(name(split)) == split);
  }
  CHECK_THROWS_WITH(patterns::parse_permute("fats"),
                    "unknown permute 'fats', did you mean 'fast'? Known: off, fast, best");
  CHECK_THROWS_WITH(patterns::parse_split("zzzzzz"), "unknown split 'zzzzzz'; known: equal, auto");
}

}  // namespace
}  // namespace tvw
