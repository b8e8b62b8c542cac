/// @file Decides the mask of every weight that a recipe chooses.
///
/// Weights are loaded one at a time and let go: at no time are the fp32 scores of two weights in
/// memory. A global budget therefore loads each weight twice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/selection.hpp"
#include "tvw/core/typed_buffer.hpp"
#include "tvw/pruning/recipe.hpp"

namespace tvw::pruning {

struct WeightEntry {
  std::string name;
  int64_t K = 0;
  int64_t N = 0;
};

/// Where weights come from, e.g. an ONNX model.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  [[nodiscard]] virtual size_t count() const = 0;
  [[nodiscard]] virtual WeightEntry entry(size_t i) const = 0;
  [[nodiscard]] virtual DenseMatrix load(size_t i) const = 0;  ///< B[K, N]
};

struct PrunedWeight {
  size_t source = 0;  ///< index in the WeightSource
  std::string name;
  int64_t K = 0;
  int64_t N = 0;
  PatternSpec pattern;
  double target = 0.0;      ///< sparsity asked of this weight; of given ones that achieved
  double achieved = 0.0;    ///< share of zeros in the mask
  double kept_score = 0.0;  ///< share of the summed score that is kept
  int64_t lost = 0;         ///< values other than 0 that a given mask drops
  Selection selection;
};

struct SkippedWeight {
  size_t source = 0;
  std::string name;
  std::string reason;
};

struct PruneResult {
  std::vector<PrunedWeight> weights;  ///< in the source's order
  std::vector<SkippedWeight> skipped;
  std::vector<std::string> unmatched;  ///< Rules::unmatched() of all weights of the source
  double achieved = 0.0;               ///< over all pruned weights together
  double mean_kept_score = 0.0;        ///< plain mean over the pruned weights
};

struct PruneHooks {
  /// Before weight i of the source is worked on: `done` of `total` elements are finished.
  std::function<void(size_t i, int64_t done, int64_t total)> progress;
  /// When a weight is decided, with the weight it was decided on, so that it can be packed without
  /// another load; it may move the selection out.
  std::function<void(PrunedWeight& pruned, const DenseMatrix& weight)> pruned;
};

/// @throws Error kNonFinite a NaN or Inf weight; names the tensor and [k, n]
/// @throws Error kUsage the recipe does not fit (e.g. tvw below the sparsity of its ratio)
[[nodiscard]] PruneResult prune(const WeightSource& source, const Recipe& recipe,
                                const PruneHooks& hooks = {});

/// By what was decided before, e.g. for the model that this one was fine-tuned from. Weights that
/// `given` does not name are skipped, and those that the recipe leaves out. Of the recipe only this
/// counts, and a weight's pattern where `given` states none. `unmatched` has masks of no weight,
/// too.
/// @throws Error kNonFinite as above
/// @throws Error kPatternMismatch a selection is not of its pattern or of its weight's shape
[[nodiscard]] PruneResult apply(const WeightSource& source, const Recipe& recipe,
                                std::span<const NamedSelection> given,
                                const PruneHooks& hooks = {});

}  // namespace tvw::pruning
