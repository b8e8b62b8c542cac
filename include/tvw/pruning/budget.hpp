/// @file How much of each weight to keep so that all weights together meet one target.
///
/// Uniform gives each weight the target. Global ranks the units of all weights together, each
/// weight's scores divided by their mean, so that scale does not decide but spread does: a weight
/// whose scores are concentrated in few units gives up more. No weight keeps less than `min_keep`,
/// rounded up to whole units, or than the target where that is less.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "tvw/core/sparsity.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw::pruning {

/// Collects the units of one weight after the other in little memory (a histogram of a few
/// thousand bins 0.8 % wide each), then shares out the target.
class GlobalBudget {
 public:
  /// `elements` is K * N, `units` those of Pattern::units, `mean_score` that of all elements.
  void add(std::span<const patterns::Unit> units, int64_t elements, double mean_score);

  /// Sparsity of each weight, in the order of add(). Their mean by elements is `target` unless the
  /// floor or the most that a pattern can keep forbids it; then it is as near as can be.
  /// @throws Error kUsage min_keep not in [0, 1]
  [[nodiscard]] std::vector<Sparsity> targets(Sparsity target, double min_keep) const;

 private:
  struct Weight {
    int64_t elements = 0;
    int64_t most = 0;                  ///< elements that the pattern can keep
    int64_t unit = 1;                  ///< elements of the largest unit
    std::map<uint32_t, int64_t> bins;  ///< elements by score, all zero scores in bin 0
  };
  std::vector<Weight> weights_;
};

}  // namespace tvw::pruning
