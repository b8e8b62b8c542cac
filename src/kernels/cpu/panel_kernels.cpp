#include "kernels/cpu/panel_kernels.hpp"

#include <algorithm>
#include <type_traits>

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panel_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// AVX-512 has 32 registers, the others 16.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3;
constexpr int kPairVectors = kManyRegisters ? 8 : 4;
constexpr int kQuadVectors = kManyRegisters ? 4 : 2;

HWY_INLINE const float* row_at(const float* panel, uint32_t offset) {
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(panel) + offset);
}

/// `kVectors` vectors of tokens from `begin` on, kColumns columns at once.
template <int kColumns, int kVectors>
HWY_INLINE void load_sums(bool first, float* const* out, int64_t begin,
                          V (&sums)[kColumns][kVectors]) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int c = 0; c < kColumns; ++c) {
    for (int v = 0; v < kVectors; ++v) {
      sums[c][v] = first ? hn::Zero(d) : hn::Load(d, out[c] + begin + v * lanes);
    }
  }
}

template <int kColumns, int kVectors>
HWY_INLINE void store_sums(const V (&sums)[kColumns][kVectors], int64_t begin, float* const* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int c = 0; c < kColumns; ++c) {
    for (int v = 0; v < kVectors; ++v) hn::Store(sums[c][v], d, out[c] + begin + v * lanes);
  }
}

template <int kVectors>
HWY_INLINE void pair_block(const PanelRange& range, const ColumnPair& columns, int64_t begin,
                           float* const* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* panel = range.panel + begin;
  V sums[2][kVectors];
  load_sums<2, kVectors>(range.first, out, begin, sums);
  const float* weights = columns.weights;
  const uint32_t* offsets = columns.offsets;
  for (int64_t i = 0; i < columns.count; ++i, weights += 2, offsets += 2) {
    const float* row0 = row_at(panel, offsets[0]);
    const float* row1 = row_at(panel, offsets[1]);
    const V weight0 = hn::Set(d, weights[0]);
    const V weight1 = hn::Set(d, weights[1]);
    for (int v = 0; v < kVectors; ++v) {
      sums[0][v] = hn::MulAdd(weight0, hn::Load(d, row0 + v * lanes), sums[0][v]);
    }
    for (int v = 0; v < kVectors; ++v) {
      sums[1][v] = hn::MulAdd(weight1, hn::Load(d, row1 + v * lanes), sums[1][v]);
    }
  }
  store_sums<2, kVectors>(sums, begin, out);
}

template <int kVectors>
HWY_INLINE void quad_block(const PanelRange& range, const ColumnQuad& columns, int64_t begin,
                           float* const* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* panel = range.panel + begin;
  V sums[4][kVectors];
  load_sums<4, kVectors>(range.first, out, begin, sums);
  const float* weights = columns.weights;
  for (int64_t i = 0; i < columns.count; ++i, weights += 4) {
    const float* row = row_at(panel, columns.offsets[i]);
    V rows[kVectors];
    for (int v = 0; v < kVectors; ++v) rows[v] = hn::Load(d, row + v * lanes);
    for (int c = 0; c < 4; ++c) {
      const V weight = hn::Set(d, weights[c]);
      for (int v = 0; v < kVectors; ++v) sums[c][v] = hn::MulAdd(weight, rows[v], sums[c][v]);
    }
  }
  store_sums<4, kVectors>(sums, begin, out);
}

/// Calls the widest block that fits, then narrower ones: kPanelTokens is a multiple of any vector.
template <int kWidest, class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t begin = 0;
  for (; begin + kWidest * lanes <= tokens; begin += kWidest * lanes) {
    block(std::integral_constant<int, kWidest>(), begin);
  }
  for (; begin + 2 * lanes <= tokens; begin += 2 * lanes) {
    block(std::integral_constant<int, 2>(), begin);
  }
  for (; begin < tokens; begin += lanes) block(std::integral_constant<int, 1>(), begin);
}

void multiply_pair(const PanelRange& range, const ColumnPair& columns, float* const* out) {
  over_tokens<kPairVectors>(range.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
    pair_block<decltype(vectors)::value>(range, columns, begin, out);
  });
}

void multiply_quad(const PanelRange& range, const ColumnQuad& columns, float* const* out) {
  over_tokens<kQuadVectors>(range.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
    quad_block<decltype(vectors)::value>(range, columns, begin, out);
  });
}

/// Squares of 4 x 4 by interleaving twice; the rest element by element.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  int64_t whole_rows = 0;
  int64_t whole_cols = 0;
#if HWY_TARGET != HWY_SCALAR
  whole_rows = rows / 4 * 4;
  whole_cols = cols / 4 * 4;
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  for (int64_t c = 0; c < whole_cols; c += 4) {
    for (int64_t r = 0; r < whole_rows; r += 4) {
      const auto a = hn::LoadU(d, from + c * from_ld + r);
      const auto b = hn::LoadU(d, from + (c + 1) * from_ld + r);
      const auto e = hn::LoadU(d, from + (c + 2) * from_ld + r);
      const auto f = hn::LoadU(d, from + (c + 3) * from_ld + r);
      const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
      const auto ef_low = hn::BitCast(wide, hn::InterleaveLower(d, e, f));
      const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
      const auto ef_high = hn::BitCast(wide, hn::InterleaveUpper(d, e, f));
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ef_low)), d, to + r * to_ld + c);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ef_low)), d,
                 to + (r + 1) * to_ld + c);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ef_high)), d,
                 to + (r + 2) * to_ld + c);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ef_high)), d,
                 to + (r + 3) * to_ld + c);
    }
  }
#endif
  for (int64_t c = 0; c < cols; ++c) {
    for (int64_t r = c < whole_cols ? whole_rows : 0; r < rows; ++r) {
      to[r * to_ld + c] = from[c * from_ld + r];
    }
  }
}

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

HWY_INLINE V activate(V x, Activation activation) {
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

/// values[i] = activation(values[i] + bias_of(i)) in whole vectors, the rest through a buffer.
template <class BiasOf>
HWY_INLINE void finish(float* values, int64_t count, Activation activation, const BiasOf& bias_of) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(activate(hn::Add(hn::LoadU(d, values + i), bias_of(i, lanes)), activation), d,
               values + i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[HWY_LANES(float)] = {};
  std::copy(values + i, values + count, rest);
  hn::Store(activate(hn::Add(hn::Load(d, rest), bias_of(i, count - i)), activation), d, rest);
  std::copy(rest, rest + (count - i), values + i);
}

void finish_feature(float* values, int64_t count, float bias, Activation activation) {
  const V all = hn::Set(D(), bias);
  finish(values, count, activation, [&](int64_t, int64_t) HWY_ATTR { return all; });
}

void finish_token(float* values, int64_t count, const float* bias, Activation activation) {
  const D d;
  if (bias == nullptr) {
    finish(values, count, activation, [&](int64_t, int64_t) HWY_ATTR { return hn::Zero(d); });
    return;
  }
  finish(values, count, activation, [&](int64_t i, int64_t left) HWY_ATTR {
    if (left == static_cast<int64_t>(hn::Lanes(d))) return hn::LoadU(d, bias + i);
    HWY_ALIGN float rest[HWY_LANES(float)] = {};
    std::copy(bias + i, bias + i + left, rest);
    return hn::Load(d, rest);
  });
}

const char* isa() {
  switch (HWY_TARGET) {
    case HWY_AVX3:
    case HWY_AVX3_DL:
      return "avx512";
    case HWY_AVX2:
      return "avx2";
    case HWY_NEON:
      return "neon";
    default:
      return "scalar";
  }
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(multiply_pair);
HWY_EXPORT(multiply_quad);
HWY_EXPORT(transpose);
HWY_EXPORT(finish_feature);
HWY_EXPORT(finish_token);
HWY_EXPORT(isa);

void multiply_pair(const PanelRange& range, const ColumnPair& columns, float* const out[2]) {
  HWY_DYNAMIC_DISPATCH(multiply_pair)(range, columns, out);
}
void multiply_quad(const PanelRange& range, const ColumnQuad& columns, float* const out[4]) {
  HWY_DYNAMIC_DISPATCH(multiply_quad)(range, columns, out);
}
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  HWY_DYNAMIC_DISPATCH(transpose)(from, from_ld, to, to_ld, rows, cols);
}
void finish_feature(float* values, int64_t count, float bias, Activation activation) {
  HWY_DYNAMIC_DISPATCH(finish_feature)(values, count, bias, activation);
}
void finish_token(float* values, int64_t count, const float* bias, Activation activation) {
  HWY_DYNAMIC_DISPATCH(finish_token)(values, count, bias, activation);
}
std::string isa_name() { return HWY_DYNAMIC_DISPATCH(isa)(); }

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
