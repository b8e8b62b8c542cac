#include "kernels/cuda/common/activations.hpp"

#include "kernels/cuda/common/device_kernels.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int64_t kPiece = 8;  // elements in 16 bytes

}  // namespace

FeatureMajor::FeatureMajor(const Problem& problem)
    : shape_(problem.shape()), layout_(problem.layout), ld_(round_up(problem.M, kPiece)) {
  if (layout_ == Layout::kFeatureMajor && ld_ == shape_.M) return;
  x_ = DeviceArray<uint16_t>(shape_.K * ld_);
  y_ = DeviceArray<uint16_t>(shape_.N * ld_);
}

const char* FeatureMajor::note() const {
  if (x_.count() == 0) return "";
  return layout_ == Layout::kTokenMajor ? " + transposes" : " + padding";
}

void FeatureMajor::run(const void* A, void* C,
                       const std::function<void(const uint16_t* x, uint16_t* y)>& multiply) {
  const auto* a = static_cast<const uint16_t*>(A);
  auto* c = static_cast<uint16_t*>(C);
  if (x_.count() == 0) return multiply(a, c);
  if (layout_ == Layout::kTokenMajor) {
    launch_transpose(a, shape_.K, x_.data(), ld_, shape_.M, shape_.K);
    multiply(x_.data(), y_.data());
    launch_transpose(y_.data(), ld_, c, shape_.N, shape_.N, shape_.M);
  } else {
    launch_repitch(a, shape_.M, x_.data(), ld_, shape_.K);
    multiply(x_.data(), y_.data());
    launch_repitch(y_.data(), ld_, c, shape_.M, shape_.N);
  }
}

}  // namespace tvw::kernels::cuda
