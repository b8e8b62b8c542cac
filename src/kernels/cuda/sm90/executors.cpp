#include "kernels/cuda/executors.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/common/tile_plan.hpp"
#include "kernels/cuda/sm90/plan.hpp"
#include "kernels/cuda/weights/tensor_core_tiles.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cuda {
namespace {

using sm90::Variant;

/// A variant that multiplies this many times the columns of another is not tried.
constexpr double kMostPadding = 1.3;

std::vector<const Variant*> worth_trying(const Problem& problem, bool sparse) {
  std::map<int, int64_t> columns;  // by the features of a tile
  for (const Variant& v : sm90::variants(sparse, problem.dtype)) {
    if (!columns.contains(v.features)) {
      columns[v.features] = multiplied_columns(*problem.weights, v.features);
    }
  }
  const auto fewest =
      std::ranges::min_element(columns, {}, [](const auto& entry) { return entry.second; })->second;
  std::vector<const Variant*> list;
  for (const Variant& v : sm90::variants(sparse, problem.dtype)) {
    if (static_cast<double>(columns[v.features]) <= kMostPadding * static_cast<double>(fewest)) {
      list.push_back(&v);
    }
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
    std::vector<std::string> ways;
    for (const Variant* variant : worth_trying(problem, sparse_)) {
      ways.emplace_back(variant->name);
    }
    const std::string executor = tile_tuning_name(sm90::kKernel, sm90::isa_of(sparse_));
    if (const auto known = known_way(executor, problem, ways)) {
      return ways[*known] + " (features x tokens), the fastest when it was tuned";
    }
    std::string text = "the fastest, measured when prepared, of (features x tokens) ";
    for (const std::string& way : ways) text += (&way == &ways.front() ? "" : ", ") + way;
    return text;
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
