/// @file The pruning of one model: decides, packs, and leaves out what would not gain by it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/selection.hpp"
#include "tvw/io/onnx_model.hpp"
#include "tvw/pack/packed_weights.hpp"
#include "tvw/pruning/recipe.hpp"
#include "tvw/record/prune_record.hpp"

namespace tvw::cli {

/// One weight that was pruned.
struct PrunedLayer {
  size_t weight = 0;  ///< index in OnnxModel::weights()
  PatternSpec pattern;
  record::PruneRow row;
  std::optional<pack::PackedWeights> packed;  ///< if asked for
  Selection selection;                        ///< empty unless asked for
  int64_t kept = 0;                           ///< elements that stay
  int64_t lost = 0;                           ///< PrunedWeight::lost
};

/// What is made of each pruned weight.
struct Products {
  bool packed = true;
  bool selections = false;
};

class PruneJob {
 public:
  using ProgressCallback = std::function<void(double done, double total, const std::string& what)>;

  /// By the recipe, or, if there are any, by the masks that are given (pruning::apply). Nothing is
  /// copied: all three must outlive the job.
  PruneJob(const io::OnnxModel& model, const pruning::Recipe& recipe,
           const std::optional<std::vector<NamedSelection>>& given, Products products)
      : model_(model), recipe_(recipe), given_(given), products_(products) {}

  /// @throws Error kNothingToDo no weight of the model was pruned, with the reasons
  void run(const ProgressCallback& progress);

  [[nodiscard]] std::vector<PrunedLayer>& layers() { return layers_; }
  [[nodiscard]] const std::vector<PrunedLayer>& layers() const { return layers_; }
  /// Rows of weights that were not pruned, each with its reason.
  [[nodiscard]] const std::vector<record::PruneRow>& skipped() const { return skipped_; }

 private:
  const io::OnnxModel& model_;
  const pruning::Recipe& recipe_;
  const std::optional<std::vector<NamedSelection>>& given_;
  Products products_;
  std::vector<PrunedLayer> layers_;
  std::vector<record::PruneRow> skipped_;
};

}  // namespace tvw::cli
