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

/// Bias, then GELU = max(x, 0) - |x| Q(|x|), where Q is the normal distribution's upper tail or
/// what the form with tanh has in its place. log2 2Q is almost a parabola from 0 on: a polynomial
/// of degree 4 in t = |x| / 2 and one exponential give it. (An SM finishes 16 exponentials a cycle
/// but only 8 of its coarser tanh; minima and maxima take twice an addition's time.) The
/// polynomials are minimax fits, weighted by what rounding x and GELU(x) to f16 leaves of one unit
/// in the last place of x: 2.1e-5 (erf) and 8.2e-5 (tanh) off at most, at |x| = 1.5.
struct Gelu {
  static constexpr float kMost = 4.0f;  ///< of t, Q being 0 from here on: infinity times 0 is NaN

  float q1, q2, q3, q4;

  __device__ __forceinline__ explicit Gelu(Activation form)
      : q1(form == Activation::kGeluErf ? -2.2982497f : -2.286871f),
        q2(form == Activation::kGeluErf ? -1.8675088f : -1.9565096f),
        q3(form == Activation::kGeluErf ? -0.35016316f : -0.14126f),
        q4(form == Activation::kGeluErf ? 0.057948474f : -0.0766994f) {}

  __device__ __forceinline__ float operator()(float sum, float bias) const {
    const float half = fmaf(sum, 0.5f, 0.5f * bias);
    const float t = fminf(fabsf(half), kMost);
    const float q = fmaf(fmaf(fmaf(q4, t, q3), t, q2), t, q1) * t;
    return fmaf(-t, exp2_fast(q), half + fabsf(half));
  }
};

/// Calls `body` with what makes a result of a sum and its bias.
template <class Body>
__device__ __forceinline__ void with_activation(int activation, Body body) {
  const auto form = static_cast<Activation>(activation);
  if (form == Activation::kGeluErf || form == Activation::kGeluTanh) {
    body(Gelu(form));
  } else {
    body(Clamp{form == Activation::kRelu ? 0.0f : -CUDART_INF_F});
  }
}

}  // namespace tvw::kernels::cuda
