// The search for tiles and row orders: more time never keeps less.
#include "patterns/scores.hpp"
#include "support/catch.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw {
namespace {

using patterns::Permute;
using patterns::Split;
using test::make_scores;
using test::Scores;

double kept(const char* text, const Scores& scores, Permute permute, Split split) {
  const auto pattern = patterns::make_pattern(parse_pattern(text));
  const Selection selection = pattern->select(scores.view(), Sparsity(0.75), {permute, split});
  return patterns::kept_score(scores.view(), selection.mask);
}

TEST_CASE("off <= fast <= best in kept score", "[patterns]") {
  uint32_t seed = 100;
  for (const char* text : {"tw:g=16", "tw:g=64", "tvw:g=16", "tvw:g=64", "tvw:g=32,nm=1:2"}) {
    for (const std::string& kind : test::score_kinds()) {
      for (const auto& [K, N] : {std::pair<int64_t, int64_t>{64, 64}, {100, 130}, {192, 96}}) {
        const Scores scores = make_scores(K, N, kind, ++seed);
        CAPTURE(text, kind, K, N);
        const double off = kept(text, scores, Permute::kOff, Split::kAuto);
        const double fast = kept(text, scores, Permute::kFast, Split::kAuto);
        const double best = kept(text, scores, Permute::kBest, Split::kAuto);
        CHECK(off <= fast);
        CHECK(fast <= best);
        CHECK(best <= 1.0);
      }
    }
  }
}

TEST_CASE("the search pays where there is something to find", "[patterns]") {
  const Scores scores = make_scores(256, 256, "normal", 1);
  const double off = kept("tvw:g=64", scores, Permute::kOff, Split::kEqual);
  const double fast = kept("tvw:g=64", scores, Permute::kFast, Split::kAuto);
  CHECK(fast > off * 1.05);
}

TEST_CASE("auto splits at least as well as equal shares", "[patterns]") {
  for (const std::string& kind : test::score_kinds()) {
    CAPTURE(kind);
    const Scores scores = make_scores(128, 256, kind, 7);
    for (const char* text : {"tw:g=32", "tvw:g=32"}) {
      CHECK(kept(text, scores, Permute::kOff, Split::kAuto) >=
            kept(text, scores, Permute::kOff, Split::kEqual) - 1e-12);
    }
  }
}

TEST_CASE("kept score is a share", "[patterns]") {
  const Scores scores = make_scores(30, 40, "normal", 1);
  CHECK(patterns::kept_score(scores.view(), Mask(30, 40, true)) == Approx(1.0));
  CHECK(patterns::kept_score(scores.view(), Mask(30, 40, false)) == 0.0);
  const Scores zeros = make_scores(30, 40, "zero", 1);
  CHECK(patterns::kept_score(zeros.view(), Mask(30, 40, false)) == 1.0);
}

}  // namespace
}  // namespace tvw
