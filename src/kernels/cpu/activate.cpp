#include <algorithm>

#include "kernels/cpu/panel_kernels.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activate.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// erf by formula 7.1.26 of Abramowitz and Stegun, absolute error 1.5e-7.
HWY_INLINE V erf(V x) {
  const D d;
  const V magnitude = hn::Abs(x);
  const V t =
      hn::Div(hn::Set(d, 1.0f), hn::MulAdd(hn::Set(d, 0.3275911f), magnitude, hn::Set(d, 1.0f)));
  V poly = hn::Set(d, 1.061405429f);
  for (const float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f}) {
    poly = hn::MulAdd(poly, t, hn::Set(d, c));
  }
  const V tail = hn::Mul(hn::Mul(poly, t), hn::Exp(d, hn::Neg(hn::Mul(x, x))));
  return hn::CopySign(hn::Sub(hn::Set(d, 1.0f), tail), x);
}

HWY_INLINE V activated(V x, Activation activation) {
  const D d;
  if (activation == Activation::kRelu) return hn::Max(x, hn::Zero(d));
  if (activation == Activation::kNone) return x;
  const V half = hn::Mul(hn::Set(d, 0.5f), x);
  if (activation == Activation::kGeluErf) {
    return hn::MulAdd(half, erf(hn::Mul(x, hn::Set(d, 0.70710678f))), half);
  }
  const V cube = hn::Mul(hn::Mul(x, x), x);
  const V inner = hn::Mul(hn::Set(d, 0.79788456f), hn::MulAdd(hn::Set(d, 0.044715f), cube, x));
  return hn::MulAdd(half, hn::Tanh(d, inner), half);
}

/// Whole vectors, the rest through a buffer.
void activate(float* values, int64_t count, Activation activation) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(activated(hn::LoadU(d, values + i), activation), d, values + i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[HWY_LANES(float)] = {};
  std::copy(values + i, values + count, rest);
  hn::Store(activated(hn::Load(d, rest), activation), d, rest);
  std::copy(rest, rest + (count - i), values + i);
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(activate);

void activate(float* values, int64_t count, Activation activation) {
  HWY_DYNAMIC_DISPATCH(activate)(values, count, activation);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
