#include "kernels/cuda/executors.hpp"

#include <set>
#include <string>
#include <vector>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/common/tile_plan.hpp"
#include "kernels/cuda/sm90/plan.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cuda {
namespace {

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
    const std::vector<sm90::Way> all = sm90::all_ways(problem, sparse_);
    std::vector<std::string> ways;
    for (const sm90::Way& way : all) ways.push_back(way.name());
    const std::string executor = tile_tuning_name(sm90::kKernel, sm90::isa_of(sparse_));
    if (const auto known = known_way(executor, problem, ways)) {
      return ways[*known] + " (features x tokens), the fastest when it was tuned";
    }
    std::string text = "the fastest, measured when prepared, of (features x tokens) ";
    std::set<int> splits;
    for (const sm90::Way& way : all) {
      if (way.splits > 1) {
        splits.insert(way.splits);
      } else {
        text += (&way == &all.front() ? "" : ", ") + way.name();
      }
    }
    for (const int n : splits) {
      text += (n == *splits.begin() ? "; where SMs would idle also with rows split in " : ", ") +
              std::to_string(n);
    }
    return text;
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return sm90::make_plan(problem, sparse_, sm90::all_ways(problem, sparse_));
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
