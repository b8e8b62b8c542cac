#include "kernels/cpu/panel_kernels.hpp"

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

/// Calls block(Count<rest>(), first token) with rest = 1 to kMost.
template <int kMost, class Block>
HWY_INLINE void with_count(int64_t rest, int64_t begin, const Block& block) {
  if (rest == kMost) {
    block(Count<kMost>(), begin);
  } else if constexpr (kMost > 1) {
    with_count<kMost - 1>(rest, begin, block);
  }
}

/// Calls block(Count<n>(), first token) for runs of kMost vectors and what is left.
template <int kMost, class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block) {
  int64_t begin = 0;
  for (; begin + kMost * lanes() <= tokens; begin += kMost * lanes()) block(Count<kMost>(), begin);
  if (begin < tokens) with_count<kMost>((tokens - begin) / lanes(), begin, block);
}

// --- Rows of each column's own ------------------------------------------------------------------

/// Every product loads its row: the more vectors, the fewer broadcasts of weights between.
constexpr int kOwnVectors = 8;

template <int kCount>
HWY_INLINE void add_product(const char* base, size_t offset, V weight, V (&sums)[kCount]) {
  const D d;
  const auto* row = reinterpret_cast<const float*>(base + offset);
  for (int v = 0; v < kCount; ++v) {
    sums[v] = hn::MulAdd(weight, hn::LoadU(d, row + v * lanes()), sums[v]);
  }
}

/// Every other entry goes to sums of its own: a sum that waits for the one before it leaves half
/// of two multipliers idle.
template <int kCount>
HWY_INLINE void own_rows_column(const char* base, const float* weights, const uint32_t* offsets,
                                int64_t count, V (&sums)[kCount]) {
  const D d;
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  V odd[kCount];
  for (int v = 0; v < kCount; ++v) odd[v] = hn::Zero(d);
  for (; i + 4 <= count; i += 4) {
    const V four = hn::LoadDup128(d, weights + i);  // one load for four weights
    add_product(base, offsets[i], hn::Broadcast<0>(four), sums);
    add_product(base, offsets[i + 1], hn::Broadcast<1>(four), odd);
    add_product(base, offsets[i + 2], hn::Broadcast<2>(four), sums);
    add_product(base, offsets[i + 3], hn::Broadcast<3>(four), odd);
  }
  for (int v = 0; v < kCount; ++v) sums[v] = hn::Add(sums[v], odd[v]);
#endif
  for (; i < count; ++i) add_product(base, offsets[i], hn::Set(d, weights[i]), sums);
}

void multiply_own_rows(const Rows& rows, const OwnRows& columns) {
  const D d;
  const float* weights = columns.weights;
  const uint32_t* offsets = columns.offsets;
  for (int64_t c = 0; c < columns.columns; ++c) {
    const int64_t count = columns.counts[c];
    over_tokens<kOwnVectors>(rows.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
      constexpr int kCount = decltype(vectors)::value;
      float* to = rows.sums[c] + begin;
      V sums[kCount];
      for (int v = 0; v < kCount; ++v) {
        sums[v] =
            rows.start != nullptr ? hn::Set(d, rows.start[c]) : hn::LoadU(d, to + v * lanes());
      }
      own_rows_column(reinterpret_cast<const char*>(rows.data + begin), weights, offsets, count,
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
HWY_INLINE void shared_rows_block(const Rows& rows, const float* weights, int64_t count,
                                  int64_t column, int64_t begin) {
  const D d;
  V sums[kSharedColumns][kCount];
  for (int c = 0; c < kSharedColumns; ++c) {
    for (int v = 0; v < kCount; ++v) {
      sums[c][v] = rows.start != nullptr
                       ? hn::Set(d, rows.start[column + c])
                       : hn::LoadU(d, rows.sums[column + c] + begin + v * lanes());
    }
  }
  const float* row = rows.data + begin;
  for (int64_t i = 0; i < count; ++i, weights += kGroupColumns, row += rows.stride) {
    V tokens[kCount];
    for (int v = 0; v < kCount; ++v) tokens[v] = hn::LoadU(d, row + v * lanes());
    for (int c = 0; c < kSharedColumns; ++c) {
      const V weight = hn::Set(d, weights[c]);
      for (int v = 0; v < kCount; ++v) sums[c][v] = hn::MulAdd(weight, tokens[v], sums[c][v]);
    }
  }
  for (int c = 0; c < kSharedColumns; ++c) {
    for (int v = 0; v < kCount; ++v) {
      hn::StoreU(sums[c][v], d, rows.sums[column + c] + begin + v * lanes());
    }
  }
}

void multiply_shared_rows(const Rows& rows, const SharedRows& columns) {
  const float* weights = columns.weights;
  for (int64_t group = 0; group < columns.groups; ++group) {
    for (int64_t part = 0; part < kGroupColumns; part += kSharedColumns) {
      over_tokens<kSharedVectors>(rows.tokens, [&](auto vectors, int64_t begin) HWY_ATTR {
        shared_rows_block<decltype(vectors)::value>(rows, weights + part, columns.rows,
                                                    group * kGroupColumns + part, begin);
      });
    }
    weights += columns.rows * kGroupColumns;
  }
}

// --- Gathering ----------------------------------------------------------------------------------

void gather_rows(const float* from, int64_t stride, std::span<const int32_t> ids, int64_t tokens,
                 float* to) {
  const D d;
  constexpr size_t kAhead = 12;  // rows
  constexpr int64_t kLineFloats = 16;
  for (size_t i = 0; i < ids.size(); ++i, to += tokens) {
    if (i + kAhead < ids.size()) {
      const float* coming = from + ids[i + kAhead] * stride;
      for (int64_t t = 0; t < tokens; t += kLineFloats) hwy::Prefetch(coming + t);
    }
    const float* row = from + ids[i] * stride;
    for (int64_t t = 0; t < tokens; t += lanes()) hn::Store(hn::LoadU(d, row + t), d, to + t);
  }
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(multiply_own_rows);
HWY_EXPORT(multiply_shared_rows);
HWY_EXPORT(gather_rows);

void multiply_own_rows(const Rows& rows, const OwnRows& columns) {
  HWY_DYNAMIC_DISPATCH(multiply_own_rows)(rows, columns);
}
void multiply_shared_rows(const Rows& rows, const SharedRows& columns) {
  HWY_DYNAMIC_DISPATCH(multiply_shared_rows)(rows, columns);
}
void gather_rows(const float* from, int64_t stride, std::span<const int32_t> ids, int64_t tokens,
                 float* to) {
  HWY_DYNAMIC_DISPATCH(gather_rows)(from, stride, ids, tokens, to);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
