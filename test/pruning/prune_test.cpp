// Whole prune runs over weights in memory.
#include "tvw/pruning/prune.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/patterns/score.hpp"

namespace tvw {
namespace {

using pruning::parse_recipe;
using pruning::prune;
using pruning::PruneResult;

class MemorySource final : public pruning::WeightSource {
 public:
  void add(std::string name, DenseMatrix weight) {
    names_.push_back(std::move(name));
    weights_.push_back(std::move(weight));
  }
  [[nodiscard]] size_t count() const override { return names_.size(); }
  [[nodiscard]] pruning::WeightEntry entry(size_t i) const override {
    return {names_[i], weights_[i].K, weights_[i].N};
  }
  [[nodiscard]] DenseMatrix load(size_t i) const override {
    ++loads;
    return weights_[i];
  }
  mutable int loads = 0;

 private:
  std::vector<std::string> names_;
  std::vector<DenseMatrix> weights_;
};

MemorySource three_weights() {
  MemorySource source;
  source.add("layer.0", test::random_dense(128, 192, DType::kF32, 1));
  source.add("layer.1", test::random_dense(96, 64, DType::kF16, 2));
  source.add("head", test::random_dense(64, 128, DType::kBF16, 3));
  return source;
}

TEST_CASE("uniform: every weight has the target", "[pruning]") {
  const MemorySource source = three_weights();
  for (const char* pattern : {"ew", "tw:g=32", "tvw:g=32", "block:b=8"}) {
    CAPTURE(pattern);
    const PruneResult result =
        prune(source, parse_recipe("{\"pattern\": \"" + std::string(pattern) + "\"}", "t"));
    REQUIRE(result.weights.size() == 3);
    double zeros = 0.0, elements = 0.0;
    for (const pruning::PrunedWeight& w : result.weights) {
      CHECK(w.target == 0.75);
      CHECK(w.achieved == Approx(0.75).margin(0.02));
      CHECK(w.achieved == Approx(w.selection.mask.sparsity()));
      CHECK(w.kept_score > 0.25);
      zeros += w.achieved * static_cast<double>(w.K * w.N);
      elements += static_cast<double>(w.K * w.N);
    }
    CHECK(result.achieved == Approx(zeros / elements));
  }
}

TEST_CASE("global: the target holds over all, overrides stand apart", "[pruning]") {
  const MemorySource source = three_weights();
  const PruneResult result =
      prune(source, parse_recipe(R"({"pattern": "tw:g=32", "scope": "global", "min_keep": 0.1,
                              "overrides": [{"match": "head", "sparsity": 0.5}]})",
                                 "t"));
  REQUIRE(result.weights.size() == 3);
  double zeros = 0.0, elements = 0.0;
  for (size_t i = 0; i < 2; ++i) {
    const pruning::PrunedWeight& w = result.weights[i];
    zeros += w.achieved * static_cast<double>(w.K * w.N);
    elements += static_cast<double>(w.K * w.N);
    CHECK(w.achieved <= 0.91);
  }
  CHECK(zeros / elements == Approx(0.75).margin(0.02));
  CHECK(result.weights[2].achieved == Approx(0.5).margin(0.03));
}

TEST_CASE("a weight of which nothing would be left is skipped, unless that is asked for",
          "[pruning]") {
  MemorySource source;
  source.add("wide", test::random_dense(64, 64, DType::kF32, 1));
  source.add("small", test::random_dense(3, 77, DType::kF32, 2));
  for (const char* recipe :
       {R"({"pattern": "tvw:g=64"})", R"({"pattern": "tw:g=64", "sparsity": 0.9})",
        R"({"pattern": "tvw:g=64", "scope": "global", "min_keep": 0.5})"}) {
    const PruneResult result = prune(source, parse_recipe(recipe, "test"));
    CAPTURE(recipe);
    REQUIRE(result.weights.size() == 1);
    CHECK(result.weights[0].name == "wide");
    CHECK(result.achieved == result.weights[0].achieved);
    CHECK(result.mean_kept_score == result.weights[0].kept_score);
    REQUIRE(result.skipped.size() == 1);
    CHECK(result.skipped[0].name == "small");
    CHECK_THAT(result.skipped[0].reason, Catch::Contains("nothing would be left in units of t"));
  }
  const auto may =
      parse_recipe(R"({"pattern": "tvw:g=64", "scope": "global", "min_keep": 0})", "t");
  CHECK(prune(source, may).weights.size() == 2);
}

TEST_CASE("skipped weights say why, hooks see every weight", "[pruning]") {
  const MemorySource source = three_weights();
  std::vector<size_t> started, decided;
  int64_t last_done = -1;
  pruning::PruneHooks hooks;
  hooks.progress = [&](size_t i, int64_t done, int64_t total) {
    started.push_back(i);
    CHECK(done > last_done);
    CHECK(done < total);
    last_done = done;
  };
  hooks.pruned = [&](pruning::PrunedWeight& w, const DenseMatrix& weight) {
    decided.push_back(w.source);
    CHECK(weight.K == w.K);
    CHECK(w.selection.mask.cols() == weight.N);
  };
  const PruneResult result =
      prune(source, parse_recipe(R"({"pattern": "tw:g=32", "exclude": ["head"]})", "t"), hooks);
  CHECK(decided == std::vector<size_t>{0, 1});
  CHECK(started == decided);
  REQUIRE(result.skipped.size() == 1);
  CHECK(result.skipped[0].name == "head");
  CHECK_THAT(result.skipped[0].reason, Catch::Contains("excluded by 'head'"));
  CHECK(source.loads == 2);  // what is not pruned is not loaded
}

TEST_CASE("a NaN or Inf is named with its place", "[pruning]") {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    MemorySource source;
    DenseMatrix weight = test::random_dense(32, 16, DType::kF32, 1);
    std::vector<float> values = weight.values.to_f32();
    values[5 * 16 + 7] = bad;
    weight.values = TypedBuffer::from_f32(DType::kF32, values);
    source.add("encoder.weight", weight);
    try {
      (void)prune(source, parse_recipe("{}", "t"));
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kNonFinite);
      CHECK_THAT(error.what(), Catch::Contains("encoder.weight"));
      CHECK_THAT(error.what(), Catch::Contains("[5, 7]"));
    }
  }
}

TEST_CASE("scores are squares and stay finite", "[pruning]") {
  const DenseMatrix weight{
      1, 3, TypedBuffer::from_f32(DType::kF32, std::vector<float>{-2.0F, 0.0F, 3e38F})};
  const std::vector<float> scores = patterns::magnitude_scores(weight, "w");
  CHECK(scores[0] == 4.0F);
  CHECK(scores[1] == 0.0F);
  CHECK(scores[2] == std::numeric_limits<float>::max());
  CHECK(patterns::mean_score({scores.data(), 1, 2}) == 2.0);
  CHECK(patterns::mean_score({}) == 0.0);
}

TEST_CASE("a run has the same bits for any number of threads", "[pruning]") {
  const MemorySource source = three_weights();
  const int before = thread_count();
  std::vector<PruneResult> results;
  for (const int threads : {1, 2, 5}) {
    set_thread_count(threads);
    results.push_back(
        prune(source, parse_recipe(R"({"pattern": "tvw:g=32", "scope": "global"})", "t")));
  }
  set_thread_count(before);
  for (const PruneResult& r : results) {
    CHECK(r.mean_kept_score == results.front().mean_kept_score);
    for (size_t i = 0; i < r.weights.size(); ++i) {
      CHECK(r.weights[i].selection.mask == results.front().weights[i].selection.mask);
    }
  }
}

std::vector<NamedSelection> decisions(const PruneResult& result) {
  std::vector<NamedSelection> given;
  for (const pruning::PrunedWeight& w : result.weights) {
    given.push_back({w.name, w.pattern, w.selection});
  }
  return given;
}

TEST_CASE("what was decided before is applied to other values", "[pruning]") {
  const pruning::Recipe recipe = parse_recipe(
      R"({"pattern": "tvw:g=32", "overrides": [{"match": "layer.1", "pattern": "tw:g=16"}]})", "t");
  const PruneResult before = prune(three_weights(), recipe);
  const std::vector<NamedSelection> given = decisions(before);
  MemorySource tuned;
  tuned.add("head", test::random_dense(64, 128, DType::kF32, 5));
  tuned.add("layer.0", test::random_dense(128, 192, DType::kF32, 6));
  tuned.add("new", test::random_dense(64, 64, DType::kF32, 7));
  const PruneResult after = pruning::apply(tuned, {}, given);
  REQUIRE(after.weights.size() == 2);
  for (const pruning::PrunedWeight& w : after.weights) {
    const auto same = std::ranges::find(before.weights, w.name, &pruning::PrunedWeight::name);
    REQUIRE(same != before.weights.end());
    CHECK(w.pattern == same->pattern);
    CHECK(w.selection.mask == same->selection.mask);
    CHECK(w.selection.tiles == same->selection.tiles);
    CHECK(w.target == w.achieved);
    CHECK(w.kept_score < 0.5);  // of values that no mask was chosen for
    CHECK(w.lost == w.K * w.N - w.selection.mask.kept_count());
  }
  REQUIRE(after.skipped.size() == 1);
  CHECK(after.skipped[0].reason == "no mask is given for it");
  CHECK(after.unmatched == std::vector<std::string>{"mask 'layer.1'"});
  // Tiles whose file lost the pattern are of the recipe's.
  std::vector<NamedSelection> bare{given.at(0)};
  bare[0].pattern.reset();
  bare[0].selection.tiles->granularity = 0;
  CHECK(pruning::apply(tuned, recipe, bare).weights.at(0).selection.tiles ==
        before.weights.at(0).selection.tiles);
  const pruning::Recipe fewer = parse_recipe(R"({"exclude": ["head"]})", "t");
  CHECK(pruning::apply(tuned, fewer, given).weights.size() == 1);
}

TEST_CASE("masks of elsewhere need a pattern that they are of", "[pruning]") {
  MemorySource source;
  source.add("w", test::random_dense(64, 64, DType::kF32, 1));
  const auto mask_of = [&](const char* pattern) {
    const std::string recipe = std::string(R"({"sparsity": 0.5, "pattern": ")") + pattern + "\"}";
    return prune(source, parse_recipe(recipe, "t")).weights.at(0).selection.mask;
  };
  const auto refused = [&](const std::optional<PatternSpec>& pattern, const Mask& mask) {
    const std::vector<NamedSelection> given{{"w", pattern, {mask, std::nullopt}}};
    try {
      static_cast<void>(pruning::apply(source, {}, given));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kPatternMismatch);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refused(parse_pattern("2:4"), mask_of("2:4")).empty());
  CHECK(refused(parse_pattern("tw"), mask_of("tw")).empty());  // tiles are found
  CHECK(refused(parse_pattern("1:4"), mask_of("2:4")).find("is not of pattern 1:4: column") !=
        std::string::npos);
  CHECK(refused(std::nullopt, mask_of("ew")).find("is not of pattern tvw:g=64,nm=2:4") !=
        std::string::npos);
  CHECK(refused(parse_pattern("ew"), Mask(64, 63, true)) ==
        "the mask of 'w' is [64, 63], expected [64, 64]");
}

}  // namespace
}  // namespace tvw
