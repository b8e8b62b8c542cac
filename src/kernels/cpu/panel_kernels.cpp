#include "kernels/cpu/panel_kernels.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

#include "kernels/cpu/panel_weights.hpp"
#include "tvw/core/parts.hpp"

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

/// Calls block(Count<n>(), first token) for runs of at most kMost vectors, as even as they get.
template <int kMost, class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block) {
  int64_t vectors = tokens / lanes();
  for (int64_t runs = parts_of(vectors, kMost), begin = 0; runs > 0; --runs) {
    const int64_t run = parts_of(vectors, runs);
    with_count<kMost>(run, begin, block);
    begin += run * lanes();
    vectors -= run;
  }
}

// --- Rows of each column's own ------------------------------------------------------------------

static_assert(std::endian::native == std::endian::little, "four ids are read as one number");

/// AVX-512 and NEON have 32 registers, the others 16.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON;
/// Every product loads its row: the more vectors, the fewer broadcasts of weights between.
constexpr int kOwnVectors = kManyRegisters ? 8 : 6;
static_assert(HWY_TARGET != HWY_AVX2 ||
              kOwnVectors * hn::MaxLanes(D()) == kMostAvx2Vectors * kVectorTokens);

/// The row's place is worked out once: Intel's processors take a multiplication by memory that an
/// index leads to as two instructions.
template <int kCount>
HWY_INLINE void add_product(const float* row, V weight, V (&sums)[kCount]) {
  const D d;
  asm("" : "+r"(row));
  for (int v = 0; v < kCount; ++v) {
    sums[v] = hn::MulAdd(weight, hn::LoadU(d, row + v * lanes()), sums[v]);
  }
}

/// Every other entry goes to sums of its own: a sum that waits for the one before it leaves half
/// of two multipliers idle.
template <int kCount>
HWY_INLINE void own_rows_column(const float* rows, int64_t stride, const float* weights,
                                const uint16_t* ids, int64_t count, V (&sums)[kCount]) {
  const D d;
  const auto row = [&](uint64_t id) HWY_ATTR { return rows + id * static_cast<uint64_t>(stride); };
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  V odd[kCount];
  for (int v = 0; v < kCount; ++v) odd[v] = hn::Zero(d);
  for (; i + 4 <= count; i += 4) {
    // One load for four weights and one for their rows: loads are what there is too much of.
    const V four = hn::LoadDup128(d, weights + i);
    uint64_t places;
    std::memcpy(&places, ids + i, sizeof places);
    add_product(row(places & 0xFFFF), hn::Broadcast<0>(four), sums);
    add_product(row(places >> 16 & 0xFFFF), hn::Broadcast<1>(four), odd);
    add_product(row(places >> 32 & 0xFFFF), hn::Broadcast<2>(four), sums);
    add_product(row(places >> 48), hn::Broadcast<3>(four), odd);
  }
  for (int v = 0; v < kCount; ++v) sums[v] = hn::Add(sums[v], odd[v]);
#endif
  for (; i < count; ++i) add_product(row(ids[i]), hn::Set(d, weights[i]), sums);
}

void multiply_own_rows(const Rows& rows, const OwnRows& columns) {
  const D d;
  const float* weights = columns.weights;
  const uint16_t* ids = columns.ids;
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
      own_rows_column(rows.data + begin, rows.stride, weights, ids, count, sums);
      for (int v = 0; v < kCount; ++v) hn::StoreU(sums[v], d, to + v * lanes());
    });
    weights += count;
    ids += count;
  }
}

// --- Rows that columns share --------------------------------------------------------------------

/// Sums take 8 to 16 registers.
constexpr int kSharedColumns = kManyRegisters ? 8 : 4;
/// AVX-512 multiplies by numbers in memory: for a second vector a weight would need a register.
constexpr int kSharedVectors = HWY_TARGET <= HWY_AVX3 ? 1 : 2;
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
      const auto block = [&](auto vectors, int64_t begin) HWY_ATTR {
        shared_rows_block<decltype(vectors)::value>(rows, weights + part, columns.rows,
                                                    group * kGroupColumns + part, begin);
      };
      if (rows.tokens == lanes()) {
        block(Count<1>(), 0);  // 4 % faster than a loop of one turn
      } else {
        over_tokens<kSharedVectors>(rows.tokens, block);
      }
    }
    weights += columns.rows * kGroupColumns;
  }
}

// --- Copying ------------------------------------------------------------------------------------

void copy_rows(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  const D d;
  const hn::CappedTag<float, 8> narrow;  // few tokens fill no other vector
  const auto narrow_lanes = static_cast<int64_t>(hn::Lanes(narrow));
  for (int64_t r = 0; r < rows; ++r, from += from_ld, to += to_ld) {
    int64_t c = 0;
    for (; c + lanes() <= cols; c += lanes()) hn::StoreU(hn::LoadU(d, from + c), d, to + c);
    for (; c + narrow_lanes <= cols; c += narrow_lanes) {
      hn::StoreU(hn::LoadU(narrow, from + c), narrow, to + c);
    }
    for (; c < cols; ++c) to[c] = from[c];
  }
}

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
HWY_EXPORT(copy_rows);
HWY_EXPORT(gather_rows);

void multiply_own_rows(const Rows& rows, const OwnRows& columns) {
  HWY_DYNAMIC_DISPATCH(multiply_own_rows)(rows, columns);
}
void multiply_shared_rows(const Rows& rows, const SharedRows& columns) {
  HWY_DYNAMIC_DISPATCH(multiply_shared_rows)(rows, columns);
}
void copy_rows(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  HWY_DYNAMIC_DISPATCH(copy_rows)(from, from_ld, to, to_ld, rows, cols);
}
void gather_rows(const float* from, int64_t stride, std::span<const int32_t> ids, int64_t tokens,
                 float* to) {
  HWY_DYNAMIC_DISPATCH(gather_rows)(from, stride, ids, tokens, to);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
