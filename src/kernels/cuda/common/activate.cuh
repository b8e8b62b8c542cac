/// @file Bias and activation on sums in registers.
#pragma once

#include <math_constants.h>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

__device__ __forceinline__ float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// The larger one; NaN if one is.
__device__ __forceinline__ float max_or_nan(float a, float b) {
  float y;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
  return y;
}

/// No bias, no activation.
struct Keep {
  __device__ __forceinline__ float operator()(float sum, float /*bias*/) const { return sum; }
};

/// Bias, then ReLU or nothing.
struct Clamp {
  float least;
  __device__ __forceinline__ float operator()(float sum, float bias) const {
    return max_or_nan(sum + bias, least);
  }
};

/// Bias, then GELU = max(x, 0) - t Q(t), t = |x|, where Q is the normal distribution's upper tail
/// or what the form with tanh has in its place. log2 Q is almost a parabola from -1 on, so a
/// polynomial q of degree 5 and one exponential give Q, 3e-7 (erf) and 2.5e-6 (tanh) off at most.
/// An SM finishes 16 exponentials a cycle but only 8 of its coarser tanh.
struct Gelu {
  float q1, q2, q3, q4, q5;
  static constexpr float kMost = 16.0f;  ///< the tail is 0 from here on, as infinity times 0 is NaN

  __device__ __forceinline__ explicit Gelu(Activation form)
      : q1(form == Activation::kGeluErf ? -1.1510913f : -1.1510662f),
        q2(form == Activation::kGeluErf ? -0.45925468f : -0.45890465f),
        q3(form == Activation::kGeluErf ? -0.052561235f : -0.053621225f),
        q4(form == Activation::kGeluErf ? 7.3975092e-3f : 1.1324205e-2f),
        q5(form == Activation::kGeluErf ? -5.2045821e-4f : -2.3640464e-3f) {}

  __device__ __forceinline__ float operator()(float sum, float bias) const {
    const float x = sum + bias;
    const float t = fminf(fabsf(x), kMost);
    float q = fmaf(fmaf(q5, t, q4), t, q3);
    q = fmaf(fmaf(fmaf(q, t, q2), t, q1), t, -1.0f);
    return fmaf(-t, exp2_fast(q), max_or_nan(x, 0.0f));
  }
};

/// Calls `body` with what makes a result of a sum and its bias.
template <class Body>
__device__ __forceinline__ void with_activation(int activation, Body body) {
  switch (const auto form = static_cast<Activation>(activation)) {
    case Activation::kNone:
    case Activation::kRelu:
      return body(Clamp{form == Activation::kRelu ? 0.0f : -CUDART_INF_F});
    case Activation::kGeluErf:
    case Activation::kGeluTanh:
      return body(Gelu(form));
  }
}

}  // namespace tvw::kernels::cuda
