/// @file Bias and activation on sums in registers.
#pragma once

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

/// x F(x) for a distribution function F: 1/2 + x p(x^2), where p was fitted over |x| < c; x^2 is
/// held at c^2 beyond, from where on it saturates. Off by 2.5e-4 max(1, |x|) at most, and fewer
/// cycles than the hardware's tanh, of which an SM finishes but eight a cycle.
template <class Fit>
__device__ __forceinline__ float gelu(float x) {
  const float square = fminf(x * x, Fit::kMostSquare);
  float p = fmaf(Fit::k5, square, Fit::k4);
  p = fmaf(p, square, Fit::k3);
  p = fmaf(p, square, Fit::k2);
  p = fmaf(p, square, Fit::k1);
  p = fmaf(p, square, Fit::k0);
  return x * __saturatef(fmaf(x, p, 0.5f));
}

/// F = (1 + erf(x / sqrt 2)) / 2
struct GeluErf {
  static constexpr float kMostSquare = 3.5f * 3.5f;
  static constexpr float k0 = 0.397499381f, k1 = -0.0638991159f, k2 = 0.00838017257f,
                         k3 = -0.000709789982f, k4 = 3.40643682e-05f, k5 = -6.9536359e-07f;
};
/// F = (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, as many models are trained
struct GeluTanh {
  static constexpr float kMostSquare = 3.45f * 3.45f;
  static constexpr float k0 = 0.397511901f, k1 = -0.0641729212f, k2 = 0.00853385558f,
                         k3 = -0.000739550627f, k4 = 3.65128791e-05f, k5 = -7.68621674e-07f;
};

__device__ __forceinline__ float activate(float x, int activation) {
  switch (static_cast<Activation>(activation)) {
    case Activation::kRelu:
      return fmaxf(x, 0.0f);
    case Activation::kGeluErf:
      return gelu<GeluErf>(x);
    case Activation::kGeluTanh:
      return gelu<GeluTanh>(x);
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
      return each([](float x) { return gelu<GeluErf>(x); });
    case Activation::kGeluTanh:
      return each([](float x) { return gelu<GeluTanh>(x); });
  }
}

}  // namespace tvw::kernels::cuda
