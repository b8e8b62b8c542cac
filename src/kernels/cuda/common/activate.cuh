/// @file Bias and activation on sums in registers.
#pragma once

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

__device__ __forceinline__ float tanh_fast(float x) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// GELU with erf. erf(x / sqrt 2) = tanh(x * p(x^2)) with p fitted over |x| < 4.2 and held constant
/// from |x| = 8 on: 2.5e-5 off at most, and the hardware's tanh is good to 2^-11, which is what the
/// 16-bit result has.
__device__ __forceinline__ float gelu_erf(float x) {
  const float square = fminf(x * x, 64.0f);
  const float p = fmaf(fmaf(-3.51597745e-4f, square, 3.70060269e-2f), square, 7.9750755e-1f);
  const float half = 0.5f * x;
  return fmaf(half, tanh_fast(x * p), half);
}

/// GELU as many models are trained: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
__device__ __forceinline__ float gelu_tanh(float x) {
  const float p = fmaf(0.035677408f, x * x, 0.79788456f);
  const float half = 0.5f * x;
  return fmaf(half, tanh_fast(x * p), half);
}

__device__ __forceinline__ float activate(float x, int activation) {
  switch (static_cast<Activation>(activation)) {
    case Activation::kRelu:
      return fmaxf(x, 0.0f);
    case Activation::kGeluErf:
      return gelu_erf(x);
    case Activation::kGeluTanh:
      return gelu_tanh(x);
    default:
      return x;
  }
}

/// Sums in the order of mma's accumulators: two of row g (`low`), two of row g + 8 (`high`), ...
template <int kCount>
__device__ __forceinline__ void activate_all(float* sums, float low, float high, int activation) {
  const auto each = [&](auto function) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) sums[i] = function(sums[i] + ((i & 2) != 0 ? high : low));
  };
  switch (static_cast<Activation>(activation)) {
    case Activation::kNone:
      return each([](float x) { return x; });
    case Activation::kRelu:
      return each([](float x) { return fmaxf(x, 0.0f); });
    case Activation::kGeluErf:
      return each([](float x) { return gelu_erf(x); });
    case Activation::kGeluTanh:
      return each([](float x) { return gelu_tanh(x); });
  }
}

}  // namespace tvw::kernels::cuda
