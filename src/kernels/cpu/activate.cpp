#include <algorithm>
#include <array>
#include <cstddef>

#include "kernels/cpu/panel_kernels.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activate.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// The coefficients of x^0, x^1, ... at x.
template <size_t kCount>
HWY_INLINE V polynomial(const std::array<float, kCount>& coefficients, V x) {
  const D d;
  V sum = hn::Set(d, coefficients.back());
  for (size_t i = kCount - 1; i-- > 0;) sum = hn::MulAdd(sum, x, hn::Set(d, coefficients[i]));
  return sum;
}

/// 2^x, 9e-8 of it off at most, for x from -126 to 0.
HWY_INLINE V exp2(V x) {
  const D d;
  const hn::RebindToSigned<D> integers;
  constexpr std::array<float, 6> kFraction = {1.0f,          0.693147004f,   0.240222424f,
                                              0.0555073358f, 0.00967151299f, 0.00132647273f};
  constexpr int kMantissaBits = 23;
  constexpr float kRounds = 1.5f * (1 << kMantissaBits);  // a float's last bit is 1 here
  const V shifted = hn::Add(x, hn::Set(d, kRounds));
  const V whole = hn::Sub(shifted, hn::Set(d, kRounds));
  const V fraction = polynomial(kFraction, hn::Sub(x, whole));
  const auto exponent = hn::ShiftLeft<kMantissaBits>(hn::BitCast(integers, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(integers, fraction), exponent));
}

/// GELU = max(x, 0) - |x| Q(|x|), where Q is the normal distribution's upper tail or what the form
/// with tanh has in its place. log2 2Q is almost a parabola: a polynomial in t = |x| / 2, without a
/// constant term, and an exponential give it, with no division. The fits are minimax of |x| Q(|x|)
/// for t up to kMost, behind which it is less than 1e-9: off by 6e-8 (erf) and 7e-8 (tanh) at most.
constexpr std::array<float, 7> kErfTail = {-2.30225396f,   -1.83617568f,   -0.423588485f,
                                           0.122732505f,   -0.0184251275f, -0.000819099718f,
                                           0.000547681761f};
constexpr std::array<float, 9> kTanhTail = {-2.30211973f,  -1.83861721f,   -0.399365723f,
                                            0.0783897266f, 0.083892867f,   -0.111566f,
                                            0.0251438636f, 0.00497490168f, -0.00182461576f};

template <size_t kCount>
HWY_INLINE V gelu(const std::array<float, kCount>& tail, V x) {
  const D d;
  constexpr float kMost = 3.2f;
  const V half = hn::Mul(hn::Set(d, 0.5f), x);
  const V magnitude = hn::Abs(half);
  const V t = hn::Min(magnitude, hn::Set(d, kMost));
  const V twice_q = exp2(hn::Mul(polynomial(tail, t), t));
  return hn::NegMulAdd(t, twice_q, hn::Add(half, magnitude));
}

/// Whole vectors, the rest through a buffer.
template <class Function>
HWY_INLINE void apply(float* values, int64_t count, const Function& function) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(function(hn::LoadU(d, values + i)), d, values + i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[HWY_LANES(float)] = {};
  std::copy(values + i, values + count, rest);
  hn::Store(function(hn::Load(d, rest)), d, rest);
  std::copy(rest, rest + (count - i), values + i);
}

void activate(float* values, int64_t count, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      break;
    case Activation::kRelu:
      apply(values, count, [](V x) HWY_ATTR { return hn::Max(x, hn::Zero(D())); });
      break;
    case Activation::kGeluErf:
      apply(values, count, [](V x) HWY_ATTR { return gelu(kErfTail, x); });
      break;
    case Activation::kGeluTanh:
      apply(values, count, [](V x) HWY_ATTR { return gelu(kTanhTail, x); });
      break;
  }
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
