#include "kernels/cpu/panel_kernels.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/cpu/panel_weights.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panel_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(D())); }

template <int kCount>
using Count = std::integral_constant<int, kCount>;

/// Calls block(Count<n>(), first token) for runs of kMost, then fewer vectors.
template <int kMost, class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block, int64_t begin = 0) {
  for (; begin + kMost * lanes() <= tokens; begin += kMost * lanes()) block(Count<kMost>(), begin);
  if constexpr (kMost > 1) over_tokens<kMost / 2>(tokens, block, begin);
}

// --- Rows of each column's own ------------------------------------------------------------------

/// Every product loads its row: with eight vectors to a weight, nine loads to eight products.
constexpr int kOwnVectors = 8;

template <int kCount>
HWY_INLINE void add_product(const char* base, uint64_t offset, V weight, V (&sums)[kCount]) {
  const D d;
  const auto* row = reinterpret_cast<const float*>(base + offset);
  for (int v = 0; v < kCount; ++v) {
    sums[v] = hn::MulAdd(weight, hn::Load(d, row + v * lanes()), sums[v]);
  }
}

template <int kCount>
HWY_INLINE void own_rows_column(const char* base, const float* weights, const uint16_t* offsets,
                                int64_t count, V (&sums)[kCount]) {
  const D d;
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; i + 4 <= count; i += 4) {
    uint64_t packed;  // one load for four offsets, and one for four weights
    std::memcpy(&packed, offsets + i, sizeof packed);
    const V four = hn::LoadDup128(d, weights + i);
    add_product(base, packed & 0xFFFF, hn::Broadcast<0>(four), sums);
    add_product(base, packed >> 16 & 0xFFFF, hn::Broadcast<1>(four), sums);
    add_product(base, packed >> 32 & 0xFFFF, hn::Broadcast<2>(four), sums);
    add_product(base, packed >> 48, hn::Broadcast<3>(four), sums);
  }
#endif
  for (; i < count; ++i) add_product(base, offsets[i], hn::Set(d, weights[i]), sums);
}

void multiply_own_rows(const ChunkRows& chunk, const OwnRows& columns) {
  const D d;
  const float* weights = columns.weights;
  const uint16_t* offsets = columns.offsets;
  for (int64_t c = 0; c < columns.columns; ++c) {
    const int64_t count = columns.counts[c];
    over_tokens<kOwnVectors>(chunk.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
      constexpr int kCount = decltype(vectors)::value;
      float* to = chunk.sums[c] + begin;
      V sums[kCount];
      for (int v = 0; v < kCount; ++v) {
        sums[v] = chunk.start != nullptr ? hn::Set(d, chunk.start[c]) : hn::LoadU(d, to + v * lanes());
      }
      own_rows_column(reinterpret_cast<const char*>(chunk.rows + begin), weights, offsets, count,
                      sums);
      for (int v = 0; v < kCount; ++v) hn::StoreU(sums[v], d, to + v * lanes());
    });
    weights += count;
    offsets += count;
  }
}

// --- Rows that columns share --------------------------------------------------------------------

/// AVX-512 and NEON have 32 registers, the others 16: sums take 16 or 12.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON;
constexpr int kSharedColumns = kManyRegisters ? 8 : 4;
constexpr int kSharedVectors = 2;
static_assert(kGroupColumns % kSharedColumns == 0);

/// kSharedColumns of a group, whose weights lie kGroupColumns apart.
template <int kCount>
HWY_INLINE void shared_rows_block(const ChunkRows& chunk, const float* weights, int64_t rows,
                                  int64_t column, int64_t begin) {
  const D d;
  V sums[kSharedColumns][kCount];
  for (int c = 0; c < kSharedColumns; ++c) {
    for (int v = 0; v < kCount; ++v) {
      sums[c][v] = chunk.start != nullptr ? hn::Set(d, chunk.start[column + c])
                                          : hn::LoadU(d, chunk.sums[column + c] + begin + v * lanes());
    }
  }
  const float* row = chunk.rows + begin;
  for (int64_t i = 0; i < rows; ++i, weights += kGroupColumns, row += chunk.stride) {
    V tokens[kCount];
    for (int v = 0; v < kCount; ++v) tokens[v] = hn::Load(d, row + v * lanes());
    for (int c = 0; c < kSharedColumns; ++c) {
      const V weight = hn::Set(d, weights[c]);
      for (int v = 0; v < kCount; ++v) sums[c][v] = hn::MulAdd(weight, tokens[v], sums[c][v]);
    }
  }
  for (int c = 0; c < kSharedColumns; ++c) {
    for (int v = 0; v < kCount; ++v) {
      hn::StoreU(sums[c][v], d, chunk.sums[column + c] + begin + v * lanes());
    }
  }
}

void multiply_shared_rows(const ChunkRows& chunk, const SharedRows& columns) {
  const float* weights = columns.weights;
  for (int64_t group = 0; group < columns.groups; ++group) {
    for (int64_t part = 0; part < kGroupColumns; part += kSharedColumns) {
      over_tokens<kSharedVectors>(chunk.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
        shared_rows_block<decltype(vectors)::value>(chunk, weights + part, columns.rows,
                                                    group * kGroupColumns + part, begin);
      });
    }
    weights += columns.rows * kGroupColumns;
  }
}

// --- Gathering ----------------------------------------------------------------------------------

void gather_rows(const float* from, int64_t stride, std::span<const int32_t> rows, int64_t tokens,
                 float* to, int64_t to_stride) {
  const D d;
  constexpr size_t kAhead = 6;  // rows: their order is nothing that hardware can guess
  constexpr int64_t kLineFloats = 16;
  const int64_t whole = tokens / lanes() * lanes();
  for (size_t i = 0; i < rows.size(); ++i, to += to_stride) {
    if (i + kAhead < rows.size()) {
      const float* coming = from + rows[i + kAhead] * stride;
      for (int64_t t = 0; t < tokens; t += kLineFloats) hwy::Prefetch(coming + t);
    }
    const float* row = from + rows[i] * stride;
    for (int64_t t = 0; t < whole; t += lanes()) hn::Store(hn::LoadU(d, row + t), d, to + t);
    if (whole == to_stride) continue;
    std::copy(row + whole, row + tokens, to + whole);
    std::fill(to + tokens, to + to_stride, 0.0f);
  }
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

HWY_EXPORT(multiply_own_rows);
HWY_EXPORT(multiply_shared_rows);
HWY_EXPORT(gather_rows);
HWY_EXPORT(isa);

void multiply_own_rows(const ChunkRows& chunk, const OwnRows& columns) {
  HWY_DYNAMIC_DISPATCH(multiply_own_rows)(chunk, columns);
}
void multiply_shared_rows(const ChunkRows& chunk, const SharedRows& columns) {
  HWY_DYNAMIC_DISPATCH(multiply_shared_rows)(chunk, columns);
}
void gather_rows(const float* from, int64_t stride, std::span<const int32_t> rows, int64_t tokens,
                 float* to, int64_t to_stride) {
  HWY_DYNAMIC_DISPATCH(gather_rows)(from, stride, rows, tokens, to, to_stride);
}
std::string isa_name() { return HWY_DYNAMIC_DISPATCH(isa)(); }

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
