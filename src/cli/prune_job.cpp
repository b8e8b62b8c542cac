#include "cli/prune_job.hpp"

#include <spdlog/spdlog.h>

#include <functional>
#include <numeric>

#include "tvw/core/error.hpp"
#include "tvw/io/write_model.hpp"
#include "tvw/pruning/prune.hpp"

namespace tvw::cli {
namespace {

/// The prunable weights of a model, as the pruning layer asks for them.
class PrunableWeights final : public pruning::WeightSource {
 public:
  explicit PrunableWeights(const io::OnnxModel& model) : model_(model) {
    for (size_t i = 0; i < model.weights().size(); ++i) {
      if (model.weights()[i].prunable) indices_.push_back(i);
    }
  }
  [[nodiscard]] size_t index(size_t i) const { return indices_.at(i); }
  [[nodiscard]] const io::WeightInfo& info(size_t i) const { return model_.weights()[index(i)]; }

  [[nodiscard]] size_t count() const override { return indices_.size(); }
  [[nodiscard]] pruning::WeightEntry entry(size_t i) const override {
    return {info(i).name, info(i).K, info(i).N};
  }
  [[nodiscard]] DenseMatrix load(size_t i) const override { return model_.read_weight(index(i)); }

 private:
  const io::OnnxModel& model_;
  std::vector<size_t> indices_;
};

int64_t elements(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

record::PruneRow base_row(const io::WeightInfo& info) {
  record::PruneRow row;
  row.name = info.name;
  row.op = info.op;
  row.K = info.K;
  row.N = info.N;
  row.dtype = info.prunable ? std::string(tvw::name(info.dtype)) : info.dtype_name;
  if (info.prunable) row.bytes_before = elements(info.dims) * size_bytes(info.dtype);
  row.bytes_after = row.bytes_before;
  return row;
}

record::PruneRow skipped_row(const io::WeightInfo& info, std::string reason) {
  record::PruneRow row = base_row(info);
  row.skipped_reason = std::move(reason);
  return row;
}

/// Empty if the packed form is worth having: tiles and blocks are padded, and a narrow weight can
/// end up with as many stored values as it has elements, or more.
std::string why_not_worth_it(const pack::PackedWeights& packed, const PatternSpec& pattern) {
  const int64_t all = pack::rows(packed) * pack::cols(packed);
  const int64_t stored = pack::stored_values(packed);
  if (stored < all) return {};
  return "no gain: " + to_string(pattern) + " would store " + std::to_string(stored) +
         " values, padding included, for its " + std::to_string(all);
}

[[noreturn]] void nothing_to_prune(const io::OnnxModel& model, bool by_masks,
                                   const std::vector<record::PruneRow>& skipped) {
  std::string message = model.path().string() + (by_masks ? " has no weight to prune by the masks"
                                                          : " has no prunable weight");
  if (!skipped.empty()) {
    message += ": '" + skipped.front().name + "' is not because: " + skipped.front().skipped_reason;
    if (skipped.size() > 1) {
      message += " (and " + std::to_string(skipped.size() - 1) + " more; see tvw inspect)";
    }
  }
  throw Error(ErrorCode::kNothingToDo, message);
}

}  // namespace

void PruneJob::run(const ProgressCallback& progress) {
  for (const io::WeightInfo& info : model_.weights()) {
    if (!info.prunable) skipped_.push_back(skipped_row(info, info.reason));
  }
  const PrunableWeights source(model_);
  pruning::PruneHooks hooks;
  hooks.progress = [&](size_t i, int64_t done, int64_t total) {
    progress(static_cast<double>(done), static_cast<double>(total), source.info(i).name);
  };
  hooks.pruned = [&](pruning::PrunedWeight& pruned, const DenseMatrix& weight) {
    const io::WeightInfo& info = source.info(pruned.source);
    PrunedLayer layer;
    layer.weight = source.index(pruned.source);
    layer.pattern = pruned.pattern;
    layer.row = base_row(info);
    // A masked model says how accurate the packed one is: it leaves the same weights alone.
    if (products_.packed || pack::is_packable(pruned.pattern)) {
      pack::PackedWeights packed = pack::pack(weight, pruned.selection, pruned.pattern);
      const std::string reason = why_not_worth_it(packed, pruned.pattern);
      if (!reason.empty()) {
        skipped_.push_back(skipped_row(info, reason));
        return;
      }
      if (products_.packed) {
        layer.row.bytes_after = io::stored_bytes(packed);
        layer.packed = std::move(packed);
      }
    }
    layer.row.pattern = to_string(pruned.pattern);
    layer.row.target_sparsity = pruned.target;
    layer.row.sparsity = pruned.achieved;
    layer.row.kept_score = pruned.kept_score;
    layer.kept = pruned.selection.mask.kept_count();
    layer.lost = pruned.lost;
    if (products_.selections) layer.selection = std::move(pruned.selection);
    pruned.selection = {};
    layers_.push_back(std::move(layer));
  };
  const pruning::PruneResult result = given_ ? pruning::apply(source, recipe_, *given_, hooks)
                                             : pruning::prune(source, recipe_, hooks);
  for (const pruning::SkippedWeight& weight : result.skipped) {
    skipped_.push_back(skipped_row(source.info(weight.source), weight.reason));
  }
  for (const std::string& expression : result.unmatched) {
    spdlog::warn("{} matches none of the {} prunable weights; `tvw inspect` lists them", expression,
                 source.count());
  }
  if (layers_.empty()) nothing_to_prune(model_, given_.has_value(), skipped_);
}

}  // namespace tvw::cli
