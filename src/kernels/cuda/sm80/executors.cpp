// cuda.{tvw,tw,nm}.sm80: mma on every tensor core since Ampere.
#include "kernels/cuda/executors.hpp"

#include "kernels/cuda/common/items.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/sm80/plan.hpp"

namespace tvw::kernels::cuda {
namespace {

class AmpereExecutor final : public Executor {
 public:
  AmpereExecutor(std::string_view name, std::string_view format, bool sparse)
      : name_(name), format_(format), sparse_(sparse) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return format_; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (problem.M > kMostItemTokens) return Support::no("M is more than 2^26");
    return supports_16_bit(problem, format_);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return sm80::make_plan(problem, sparse_);
  }

 private:
  std::string_view name_, format_;
  bool sparse_;
};

}  // namespace

const Executor& tvw_sm80() {
  static const AmpereExecutor executor("cuda.tvw.sm80", "tvw", true);
  return executor;
}
const Executor& tw_sm80() {
  static const AmpereExecutor executor("cuda.tw.sm80", "tw", false);
  return executor;
}
const Executor& nm_sm80() {
  static const AmpereExecutor executor("cuda.nm.sm80", "nm", true);
  return executor;
}

}  // namespace tvw::kernels::cuda
