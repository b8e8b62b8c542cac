// The global budget where rounding, floors and short groups meet.
#include <algorithm>

#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/pruning/prune.hpp"

namespace tvw {
namespace {

using pruning::prune;
using pruning::PrunedWeight;
using pruning::PruneResult;

/// Weights in memory, "w0", "w1" and so on.
class Weights final : public pruning::WeightSource {
 public:
  explicit Weights(std::vector<DenseMatrix> weights) : weights_(std::move(weights)) {}
  [[nodiscard]] size_t count() const override { return weights_.size(); }
  [[nodiscard]] pruning::WeightEntry entry(size_t i) const override {
    return {"w" + std::to_string(i), weights_[i].K, weights_[i].N};
  }
  [[nodiscard]] DenseMatrix load(size_t i) const override { return weights_[i]; }

 private:
  std::vector<DenseMatrix> weights_;
};

/// All of its score in few elements: the budget takes the others first.
DenseMatrix concentrated(int64_t K, int64_t N, uint32_t seed) {
  std::vector<float> values = test::random_dense(K, N, DType::kF32, seed).values.to_f32();
  for (size_t i = 1; i < values.size(); ++i) values[i] *= 1e-4F;
  values[0] = 100.0F;
  return {K, N, TypedBuffer::from_f32(DType::kF32, values)};
}

/// Nothing can be spared: all elements matter alike.
DenseMatrix even(int64_t K, int64_t N) {
  const std::vector<float> values(static_cast<size_t>(K * N), 1.0F);
  return {K, N, TypedBuffer::from_f32(DType::kF32, values)};
}

pruning::Recipe global(const char* pattern, double sparsity, double min_keep) {
  pruning::Recipe recipe;
  recipe.pattern = parse_pattern(pattern);
  recipe.sparsity = Sparsity(sparsity);
  recipe.scope = pruning::Scope::kGlobal;
  recipe.min_keep = min_keep;
  recipe.select.permute = patterns::Permute::kOff;
  return recipe;
}

TEST_CASE("no weight ends below the floor, whatever a unit's size", "[pruning]") {
  const Weights weights({concentrated(8, 64, 1), concentrated(64, 64, 2), concentrated(30, 50, 3),
                         even(64, 128), even(128, 64)});
  for (const char* pattern : {"ew", "tw:g=64", "tw:g=16", "tvw:g=64,nm=2:4", "tvw:g=16,nm=1:2"}) {
    for (const double min_keep : {0.03, 0.1, 0.25, 0.5}) {
      const PruneResult result = prune(weights, global(pattern, 0.6, min_keep));
      for (const PrunedWeight& weight : result.weights) {
        CAPTURE(pattern, min_keep, weight.name);
        // A floor above the target is the target; a selection meets that to within half a unit.
        if (min_keep < 0.4) CHECK(1.0 - weight.target >= min_keep - 1e-9);
        CHECK(weight.selection.mask.kept_count() > 0);
        const bool whole_tiles = weight.N % 64 == 0;
        if (min_keep <= 0.25 && whole_tiles) CHECK(1.0 - weight.achieved >= min_keep - 1e-9);
      }
      CHECK(result.achieved == Approx(0.6).margin(0.01));
    }
  }
}

TEST_CASE("without a floor a weight may give up everything", "[pruning]") {
  const Weights weights({concentrated(8, 64, 1), even(64, 128)});
  const PruneResult result = prune(weights, global("tw:g=64", 0.75, 0.0));
  CHECK(result.weights[0].achieved > 0.85);
  CHECK(result.weights[1].achieved < 0.75);
}

TEST_CASE("a weight that gives up nothing keeps what its ratio leaves", "[pruning]") {
  // 27 and 5 rows: the short last group keeps more than half, which no target may ask for. Half a
  // group, one row, is what selection may be off.
  for (const int64_t K : {27, 5, 6, 64}) {
    const Weights weights({test::random_dense(K, 64, DType::kF32, 1), concentrated(256, 256, 1)});
    const PruneResult result = prune(weights, global("tvw:g=64,nm=2:4", 0.8, 0.0));
    CAPTURE(K);
    CHECK(result.weights[0].target == Approx(0.5));
    CHECK(result.weights[0].achieved == Approx(0.5).margin(1.01 / static_cast<double>(K)));
  }
}

TEST_CASE("n:m weights and overrides take no part in the budget", "[pruning]") {
  const Weights weights({even(64, 64), concentrated(64, 64, 1), even(64, 64), even(64, 64)});
  pruning::Recipe recipe = global("ew", 0.75, 0.1);
  recipe.overrides.push_back({"w2", parse_pattern("2:4"), std::nullopt, false});
  recipe.overrides.push_back({"w3", std::nullopt, Sparsity(0.3), false});
  const PruneResult result = prune(weights, recipe);
  CHECK(result.weights[2].achieved == 0.5);
  CHECK(result.weights[3].achieved == Approx(0.3).margin(1e-3));
  CHECK(result.weights[0].achieved + result.weights[1].achieved == Approx(1.5).margin(1e-3));
  CHECK(result.weights[1].achieved == Approx(0.9).margin(1e-3));
}

TEST_CASE("a weight without elements is skipped, one of another shape refused", "[pruning]") {
  class Liar final : public pruning::WeightSource {
   public:
    [[nodiscard]] size_t count() const override { return 1; }
    [[nodiscard]] pruning::WeightEntry entry(size_t /*i*/) const override { return {"w", 4, 8}; }
    [[nodiscard]] DenseMatrix load(size_t /*i*/) const override { return even(8, 4); }
  };
  const PruneResult result = prune(Weights({even(0, 4), even(4, 0)}), global("ew", 0.5, 0.1));
  CHECK(result.weights.empty());
  REQUIRE(result.skipped.size() == 2);
  CHECK(result.skipped[0].reason == "has no elements");
  CHECK_THROWS_WITH(prune(Liar(), global("ew", 0.5, 0.1)),
                    "weight 'w' was loaded as [8, 4], expected [4, 8]");
}

TEST_CASE("a target that tvw cannot reach is refused in either scope", "[pruning]") {
  const Weights weights({even(64, 64)});
  for (const pruning::Scope scope : {pruning::Scope::kUniform, pruning::Scope::kGlobal}) {
    pruning::Recipe recipe = global("tvw:g=64,nm=2:4", 0.4, 0.1);
    recipe.scope = scope;
    CHECK_THROWS_WITH(
        prune(weights, recipe),
        "sparsity 0.4 is less than 0.5, which tvw:g=64,nm=2:4 reaches by its 2:4 alone");
  }
}

}  // namespace
}  // namespace tvw
