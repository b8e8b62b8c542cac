#include "kernels/cuda/executors.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/sm90/plan.hpp"

namespace tvw::kernels::cuda {
namespace {

using sm90::Variant;

/// A variant that pads the tiles' columns by more than this is not tried if another pads less.
constexpr double kMostPadding = 1.3;

/// Columns that a variant multiplies, over those that there are.
double padding(const pack::PackedWeights& weights, int features) {
  const auto of_tile = [features](int64_t granularity) {
    return static_cast<double>((granularity + features - 1) / features * features) /
           static_cast<double>(granularity);
  };
  if (const auto* tw = std::get_if<pack::TwMatrix>(&weights)) return of_tile(tw->granularity);
  if (const auto* tvw = std::get_if<pack::TvwMatrix>(&weights)) return of_tile(tvw->granularity);
  return of_tile(pack::cols(weights));
}

std::vector<const Variant*> worth_trying(const Problem& problem, bool sparse) {
  double least = std::numeric_limits<double>::infinity();
  for (const Variant& v : sm90::variants(sparse, problem.dtype)) {
    least = std::min(least, padding(*problem.weights, v.features));
  }
  std::vector<const Variant*> list;
  for (const Variant& v : sm90::variants(sparse, problem.dtype)) {
    if (padding(*problem.weights, v.features) <= least * kMostPadding) list.push_back(&v);
  }
  return list;
}

class TileExecutor final : public Executor {
 public:
  TileExecutor(std::string_view name, std::string_view format, bool sparse)
      : name_(name), format_(format), sparse_(sparse) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return format_; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (current_device().major != 9) {
      return Support::no("needs compute capability 9.0 (wgmma), this is " +
                         current_device().capability());
    }
    if (problem.M > kMostItemTokens) return Support::no("M is more than 2^26");
    return supports_16_bit(problem, format_);
  }
  [[nodiscard]] std::string explain(const Problem& problem) const override {
    std::string names;
    for (const Variant* variant : worth_trying(problem, sparse_)) {
      names += (names.empty() ? "" : ", ") + std::string(variant->name);
    }
    return "the fastest, measured when prepared, of (features x tokens) " + names;
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return sm90::make_plan(problem, sparse_, worth_trying(problem, sparse_));
  }

 private:
  std::string_view name_, format_;
  bool sparse_;
};

}  // namespace

const Executor& tvw_sm90() {
  static const TileExecutor executor("cuda.tvw.sm90", "tvw", true);
  return executor;
}
const Executor& tw_sm90() {
  static const TileExecutor executor("cuda.tw.sm90", "tw", false);
  return executor;
}
const Executor& nm_sm90() {
  static const TileExecutor executor("cuda.nm.sm90", "nm", true);
  return executor;
}

}  // namespace tvw::kernels::cuda
