// How one target is shared out over several weights.
#include "tvw/pruning/budget.hpp"

#include <numeric>
#include <random>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

using patterns::Unit;
using pruning::GlobalBudget;

struct Weight {
  std::vector<Unit> units;
  int64_t elements = 0;
  double mean = 0.0;
};

/// `spread` 0: all units alike; larger: few units hold most of the score.
Weight make_weight(int64_t units, int32_t size, double spread, double scale, uint32_t seed) {
  std::mt19937 generator(seed);
  std::lognormal_distribution<double> distribution(0.0, spread);
  Weight weight;
  for (int64_t i = 0; i < units; ++i) {
    weight.units.push_back({static_cast<float>(scale * distribution(generator)), size});
    weight.mean += weight.units.back().score;
    weight.elements += size;
  }
  weight.mean /= static_cast<double>(units);
  return weight;
}

std::vector<Sparsity> share(const std::vector<Weight>& weights, double target, double min_keep) {
  GlobalBudget budget;
  for (const Weight& w : weights) budget.add(w.units, w.elements, w.mean);
  return budget.targets(Sparsity(target), min_keep);
}

double mean_sparsity(const std::vector<Weight>& weights, const std::vector<Sparsity>& targets) {
  double zeros = 0.0, elements = 0.0;
  for (size_t i = 0; i < weights.size(); ++i) {
    zeros += targets[i].value() * static_cast<double>(weights[i].elements);
    elements += static_cast<double>(weights[i].elements);
  }
  return zeros / elements;
}

TEST_CASE("a global budget meets the target over all weights", "[pruning]") {
  const std::vector<Weight> weights{make_weight(2000, 4, 1.0, 1.0, 1),
                                    make_weight(500, 16, 0.2, 100.0, 2),
                                    make_weight(3000, 1, 2.0, 1e-6, 3)};
  for (const double target : {0.3, 0.5, 0.75, 0.9, 0.97}) {
    CAPTURE(target);
    const auto targets = share(weights, target, 0.0);
    CHECK(mean_sparsity(weights, targets) == Approx(target).margin(0.001));
  }
}

TEST_CASE("scale does not decide, spread does", "[pruning]") {
  const auto scaled =
      share({make_weight(4000, 1, 1.0, 1.0, 1), make_weight(4000, 1, 1.0, 1e6, 1)}, 0.75, 0.0);
  CHECK(scaled[0].value() == Approx(scaled[1].value()).margin(0.01));
  const auto spread =
      share({make_weight(4000, 1, 2.5, 1.0, 1), make_weight(4000, 1, 0.1, 1.0, 2)}, 0.75, 0.0);
  CHECK(spread[0].value() > spread[1].value() + 0.05);
}

TEST_CASE("no weight keeps less than the floor, and the target still holds", "[pruning]") {
  const std::vector<Weight> weights{make_weight(4000, 1, 3.0, 1.0, 1),
                                    make_weight(4000, 1, 0.05, 1.0, 2)};
  const double without = share(weights, 0.75, 0.0)[0].density();
  for (const double floor : {0.05, 0.1, 0.2, 0.25}) {
    CAPTURE(floor);
    const auto targets = share(weights, 0.75, floor);
    for (const Sparsity& t : targets) CHECK(t.density() >= floor - 1e-9);
    CHECK(mean_sparsity(weights, targets) == Approx(0.75).margin(0.001));
  }
  CHECK(without < 0.2);  // or the floor above had nothing to do
  // A floor above the density makes everything uniform.
  for (const Sparsity& t : share(weights, 0.75, 0.9)) CHECK(t.value() == Approx(0.75).margin(1e-6));
}

TEST_CASE("a pattern's own zeros bound what a weight can keep", "[pruning]") {
  Weight half = make_weight(1000, 2, 0.5, 1.0, 1);
  half.elements *= 2;  // 2:4: units hold half of the elements
  GlobalBudget budget;
  budget.add(half.units, half.elements, half.mean);
  CHECK(budget.targets(Sparsity(0.3), 0.0)[0].value() == Approx(0.5));
}

TEST_CASE("degenerate scores and floors", "[pruning]") {
  std::vector<Weight> zeros{make_weight(100, 1, 0.0, 0.0, 1), make_weight(100, 1, 0.0, 0.0, 1)};
  for (Weight& w : zeros) w.mean = 0.0;
  for (const Sparsity& t : share(zeros, 0.75, 0.1)) CHECK(t.value() == Approx(0.75));
  CHECK(GlobalBudget().targets(Sparsity(0.5), 0.1).empty());
  CHECK_THROWS_WITH(GlobalBudget().targets(Sparsity(0.5), -0.1), Catch::Contains("min_keep"));
  CHECK_THROWS_AS(GlobalBudget().targets(Sparsity(0.5), std::nan("")), Error);
}

}  // namespace
}  // namespace tvw
