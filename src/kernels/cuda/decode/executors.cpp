// cuda.{tvw,tw,nm}.decode: few tokens.
#include "kernels/cuda/executors.hpp"

#include <string>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/decode/decode_gemm.hpp"
#include "kernels/cuda/decode/plan.hpp"

namespace tvw::kernels::cuda {
namespace {

class DecodeExecutor final : public Executor {
 public:
  DecodeExecutor(std::string_view name, std::string_view format, bool sparse)
      : name_(name), format_(format), sparse_(sparse) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return format_; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (problem.M > decode::kMostTokens) {
      return Support::no("is for up to 64 rows of A, asked for " + std::to_string(problem.M));
    }
    if (current_device().major < 9) {
      return Support::no("needs compute capability 9.0 (clusters), this is " +
                         current_device().capability());
    }
    return supports_16_bit(problem, format_);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return decode::make_plan(problem, sparse_);
  }

 private:
  std::string_view name_, format_;
  bool sparse_;
};

}  // namespace

const Executor& tvw_decode() {
  static const DecodeExecutor executor("cuda.tvw.decode", "tvw", true);
  return executor;
}
const Executor& tw_decode() {
  static const DecodeExecutor executor("cuda.tw.decode", "tw", false);
  return executor;
}
const Executor& nm_decode() {
  static const DecodeExecutor executor("cuda.nm.decode", "nm", true);
  return executor;
}

}  // namespace tvw::kernels::cuda
