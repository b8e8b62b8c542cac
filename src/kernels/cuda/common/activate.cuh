/// @file Bias and activation on sums in registers.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

__device__ __forceinline__ float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// What makes results of sums: pair<T>() packs those of two sums of one feature.

/// No bias, no activation.
struct Keep {
  template <class T>
  __device__ __forceinline__ uint32_t pair(float a, float b, float /*bias*/) const {
    return pack_pair<T>(a, b);
  }
};

struct AddBias {
  template <class T>
  __device__ __forceinline__ uint32_t pair(float a, float b, float bias) const {
    return pack_pair<T>(a + bias, b + bias);
  }
};

/// Bias, then ReLU, which costs nothing where numbers are rounded anyway.
struct Relu {
  template <class T>
  __device__ __forceinline__ uint32_t pair(float a, float b, float bias) const {
    return pack_positive_pair<T>(a + bias, b + bias);
  }
};

/// Bias, then GELU = max(x, 0) - |x| Q(|x|), where Q is the normal distribution's upper tail or
/// what the form with tanh has in its place. log2 2Q is almost a parabola from 0 on: a polynomial
/// of degree 4 in t = |x| / 2 and one exponential give it. (An SM finishes 16 exponentials a cycle
/// but only 8 of its coarser tanh. Limiting t by saturation instead, one instruction less, was no
/// faster: a minimum is not the multipliers' work.) The polynomials are minimax fits, weighted by
/// what rounding x and GELU(x) to f16 leaves of one unit in the last place of x: 2.1e-5 (erf) and
/// 8.2e-5 (tanh) off at most, at |x| = 1.5.
class Gelu {
 public:
  __device__ __forceinline__ explicit Gelu(Activation form)
      : q1_(form == Activation::kGeluErf ? -2.2982497f : -2.286871f),
        q2_(form == Activation::kGeluErf ? -1.8675088f : -1.9565096f),
        q3_(form == Activation::kGeluErf ? -0.35016316f : -0.14126f),
        q4_(form == Activation::kGeluErf ? 0.057948474f : -0.0766994f) {}

  template <class T>
  __device__ __forceinline__ uint32_t pair(float a, float b, float bias) const {
    return pack_pair<T>(of(a, bias), of(b, bias));
  }

 private:
  static constexpr float kMost = 4.0f;  ///< of t, Q being 0 from here on: infinity times 0 is NaN

  __device__ __forceinline__ float of(float sum, float bias) const {
    const float half = fmaf(sum, 0.5f, 0.5f * bias);
    const float t = fminf(fabsf(half), kMost);
    const float q = fmaf(fmaf(fmaf(q4_, t, q3_), t, q2_), t, q1_) * t;
    return fmaf(-t, exp2_fast(q), half + fabsf(half));
  }

  float q1_, q2_, q3_, q4_;
};

/// Calls `body` with what makes results.
template <class Body>
__device__ __forceinline__ void with_activation(int activation, Body body) {
  const auto form = static_cast<Activation>(activation);
  if (form == Activation::kGeluErf || form == Activation::kGeluTanh) {
    body(Gelu(form));
  } else if (form == Activation::kRelu) {
    body(Relu());
  } else {
    body(AddBias());
  }
}

}  // namespace tvw::kernels::cuda
