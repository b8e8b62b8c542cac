#include "tvw/pruning/budget.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "tvw/core/error.hpp"

namespace tvw::pruning {
namespace {

/// Sparsity 1 does not exist, so a weight that keeps nothing is asked for nearly all zeros.
constexpr double kMostZeros = 1.0 - 1e-9;

/// Ascends with the score: its leading 16 bits as a float, 7 of them mantissa.
uint32_t bin_of(float score) {
  if (!(score > 0.0F)) return 0;
  return std::bit_cast<uint32_t>(std::min(score, std::numeric_limits<float>::max())) >> 16;
}

}  // namespace

void GlobalBudget::add(std::span<const patterns::Unit> units, int64_t elements, double mean_score) {
  Weight weight;
  weight.elements = elements;
  for (const patterns::Unit& unit : units) {
    const double score = mean_score > 0.0 ? unit.score / mean_score : 0.0;
    weight.bins[bin_of(static_cast<float>(score))] += unit.size;
    weight.most += unit.size;
    weight.unit = std::max<int64_t>(weight.unit, unit.size);
  }
  weights_.push_back(std::move(weight));
}

std::vector<Sparsity> GlobalBudget::targets(Sparsity target, double min_keep) const {
  if (!(min_keep >= 0.0 && min_keep <= 1.0)) {
    throw Error(ErrorCode::kUsage,
                "min_keep is " + std::to_string(min_keep) + ", expected a number from 0 to 1");
  }
  double wanted = 0.0;
  std::map<uint32_t, double, std::greater<>>
      above_floor;  // elements of all weights, best bin first
  std::vector<double> kept;
  for (const Weight& weight : weights_) {
    const auto elements = static_cast<double>(weight.elements);
    wanted += target.density() * elements;
    // Whole units, since selection rounds to the nearest. A floor above the target would make the
    // target impossible.
    const auto unit = static_cast<double>(weight.unit);
    const double floor =
        std::min(std::ceil(min_keep * elements / unit - 1e-9) * unit, target.density() * elements);
    kept.push_back(std::min(floor, static_cast<double>(weight.most)));
    double below = kept.back();  // the best units pay for the floor
    for (auto bin = weight.bins.rbegin(); bin != weight.bins.rend(); ++bin) {
      const auto size = static_cast<double>(bin->second);
      const double paid = std::min(below, size);
      below -= paid;
      above_floor[bin->first] += size - paid;
    }
  }
  double left = wanted;
  for (const double floor : kept) left -= floor;
  // Whole bins while they fit, then the same share of the next one from every weight.
  std::map<uint32_t, double> share;
  for (const auto& [bin, size] : above_floor) {
    if (left <= 0.0 || size <= 0.0) continue;
    share[bin] = std::min(1.0, left / size);
    left -= size * share[bin];
  }
  std::vector<Sparsity> targets;
  for (size_t i = 0; i < weights_.size(); ++i) {
    double below = kept[i];
    for (auto bin = weights_[i].bins.rbegin(); bin != weights_[i].bins.rend(); ++bin) {
      const auto size = static_cast<double>(bin->second);
      const double paid = std::min(below, size);
      below -= paid;
      const auto found = share.find(bin->first);
      if (found != share.end()) kept[i] += (size - paid) * found->second;
    }
    const auto elements = static_cast<double>(weights_[i].elements);
    const double least_zeros = 1.0 - static_cast<double>(weights_[i].most) / elements;
    targets.emplace_back(
        std::clamp(1.0 - kept[i] / elements, std::max(0.0, least_zeros), kMostZeros));
  }
  return targets;
}

}  // namespace tvw::pruning
