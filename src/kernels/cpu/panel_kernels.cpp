#include "kernels/cpu/panel_kernels.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panel_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// AVX-512 and NEON have 32 registers, the others 16: sums of four columns take 16 or 8.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON;
constexpr int kVectors = kManyRegisters ? 4 : 2;

template <int kCount>
struct Sums {
  V values[kGroupColumns][kCount];

  HWY_INLINE void load(bool zero, const float* from) {
    const D d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int64_t c = 0; c < kGroupColumns; ++c) {
      for (int v = 0; v < kCount; ++v) {
        values[c][v] = zero ? hn::Zero(d) : hn::Load(d, from + c * kPanelTokens + v * lanes);
      }
    }
  }
  HWY_INLINE void store(float* to) const {
    const D d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int64_t c = 0; c < kGroupColumns; ++c) {
      for (int v = 0; v < kCount; ++v)
        hn::Store(values[c][v], d, to + c * kPanelTokens + v * lanes);
    }
  }
};

/// Every product reads its own row: with four vectors to a weight, five loads to four products.
template <int kCount>
HWY_INLINE void list_block(const ChunkRows& chunk, const ListGroup& group, int64_t begin,
                           float* sums) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto* base = reinterpret_cast<const char*>(chunk.rows + begin);
  Sums<kCount> s;
  s.load(chunk.first, sums + begin);
  const float* weights = group.weights;
  const uint16_t* offsets = group.offsets;
  for (int64_t i = 0; i < group.count; ++i, weights += kGroupColumns, offsets += kGroupColumns) {
    uint64_t packed;  // one load for four offsets
    static_assert(kGroupColumns * sizeof(uint16_t) == sizeof packed);
    std::memcpy(&packed, offsets, sizeof packed);
    for (int64_t c = 0; c < kGroupColumns; ++c) {
      const auto* row = reinterpret_cast<const float*>(base + (packed >> (16 * c) & 0xFFFF));
      const V weight = hn::Set(d, weights[c]);
      for (int v = 0; v < kCount; ++v) {
        s.values[c][v] = hn::MulAdd(weight, hn::Load(d, row + v * lanes), s.values[c][v]);
      }
    }
  }
  s.store(sums + begin);
}

template <int kCount>
HWY_INLINE void shared_block(const ChunkRows& chunk, const SharedGroup& group, int64_t begin,
                             float* sums) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Sums<kCount> s;
  s.load(chunk.first, sums + begin);
  const float* weights = group.weights;
  const float* row = chunk.rows + begin;
  for (int64_t i = 0; i < group.count; ++i, weights += kGroupColumns, row += kPanelTokens) {
    V tokens[kCount];
    for (int v = 0; v < kCount; ++v) tokens[v] = hn::Load(d, row + v * lanes);
    for (int64_t c = 0; c < kGroupColumns; ++c) {
      const V weight = hn::Set(d, weights[c]);
      for (int v = 0; v < kCount; ++v) {
        s.values[c][v] = hn::MulAdd(weight, tokens[v], s.values[c][v]);
      }
    }
  }
  s.store(sums + begin);
}

/// Calls the widest block that fits, then narrower ones: kPanelTokens is a multiple of any vector.
template <class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t begin = 0;
  for (; begin + kVectors * lanes <= tokens; begin += kVectors * lanes) {
    block(std::integral_constant<int, kVectors>(), begin);
  }
  for (; begin < tokens; begin += lanes) block(std::integral_constant<int, 1>(), begin);
}

void multiply_lists(const ChunkRows& chunk, const ListGroup& group, float* sums) {
  over_tokens(chunk.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
    list_block<decltype(vectors)::value>(chunk, group, begin, sums);
  });
}

void multiply_shared(const ChunkRows& chunk, const SharedGroup& group, float* sums) {
  over_tokens(chunk.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
    shared_block<decltype(vectors)::value>(chunk, group, begin, sums);
  });
}

#if HWY_TARGET != HWY_SCALAR
/// A vector of blocks of four: block b is from[4 * b * ld ..].
template <class DV>
HWY_INLINE hn::Vec<DV> load_blocks(DV d, const float* from, int64_t ld) {
  if constexpr (hn::MaxLanes(DV()) == 4) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<DV> half;
    constexpr int64_t kBlocks = hn::MaxLanes(DV()) / 8;
    return hn::Combine(d, load_blocks(half, from + 4 * kBlocks * ld, ld),
                       load_blocks(half, from, ld));
  }
}
#endif

/// Four rows of a vector's columns at a time, by interleaving twice; the rest element by element.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  int64_t whole_rows = 0;
  int64_t whole_cols = 0;
#if HWY_TARGET != HWY_SCALAR
  const D d;
  const hn::RepartitionToWide<D> wide;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  whole_rows = rows / 4 * 4;
  whole_cols = cols / lanes * lanes;
  for (int64_t c = 0; c < whole_cols; c += lanes) {
    for (int64_t r = 0; r < whole_rows; r += 4) {
      const float* corner = from + c * from_ld + r;
      const V a = load_blocks(d, corner, from_ld);
      const V b = load_blocks(d, corner + from_ld, from_ld);
      const V e = load_blocks(d, corner + 2 * from_ld, from_ld);
      const V f = load_blocks(d, corner + 3 * from_ld, from_ld);
      const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
      const auto ef_low = hn::BitCast(wide, hn::InterleaveLower(d, e, f));
      const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
      const auto ef_high = hn::BitCast(wide, hn::InterleaveUpper(d, e, f));
      float* row = to + r * to_ld + c;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ef_low)), d, row);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ef_low)), d, row + to_ld);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ef_high)), d, row + 2 * to_ld);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ef_high)), d, row + 3 * to_ld);
    }
  }
#endif
  for (int64_t c = 0; c < cols; ++c) {
    for (int64_t r = c < whole_cols ? whole_rows : 0; r < rows; ++r) {
      to[r * to_ld + c] = from[c * from_ld + r];
    }
  }
}

void gather_rows(const float* panel, const int32_t* rows, int64_t count, float* to) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int64_t kAhead = 6;  // rows: their order is nothing that hardware can guess
  constexpr int64_t kLineFloats = 16;
  for (int64_t i = 0; i < count; ++i, to += kPanelTokens) {
    if (i + kAhead < count) {
      const float* coming = panel + rows[i + kAhead] * kPanelTokens;
      for (int64_t t = 0; t < kPanelTokens; t += kLineFloats) hwy::Prefetch(coming + t);
    }
    const float* row = panel + rows[i] * kPanelTokens;
    for (int64_t t = 0; t < kPanelTokens; t += lanes) hn::Store(hn::Load(d, row + t), d, to + t);
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

HWY_EXPORT(multiply_lists);
HWY_EXPORT(multiply_shared);
HWY_EXPORT(transpose);
HWY_EXPORT(gather_rows);
HWY_EXPORT(finish_feature);
HWY_EXPORT(finish_token);
HWY_EXPORT(isa);

void multiply_lists(const ChunkRows& chunk, const ListGroup& group, float* sums) {
  HWY_DYNAMIC_DISPATCH(multiply_lists)(chunk, group, sums);
}
void multiply_shared(const ChunkRows& chunk, const SharedGroup& group, float* sums) {
  HWY_DYNAMIC_DISPATCH(multiply_shared)(chunk, group, sums);
}
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  HWY_DYNAMIC_DISPATCH(transpose)(from, from_ld, to, to_ld, rows, cols);
}
void gather_rows(const float* panel, const int32_t* rows, int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(gather_rows)(panel, rows, count, to);
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
