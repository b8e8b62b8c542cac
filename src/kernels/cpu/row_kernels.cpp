#include "kernels/cpu/row_kernels.hpp"

#include <array>
#include <cmath>
#include <cstring>

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/row_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/cpu/unit_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

using DI = hn::RebindToUnsigned<D>;
using VI = hn::Vec<DI>;

constexpr int kSumRegisters = kManyRegisters ? 16 : 8;

alignas(64) constexpr float kZeros[kMostRowTokens] = {};

/// Where in four rows of kRowTokens, one after the other, what belongs at each place of a quad is.
constexpr std::array<int32_t, kQuadRows * kRowTokens> of_quad() {
  std::array<int32_t, kQuadRows * kRowTokens> from{};
  for (int64_t t = 0; t < kRowTokens; ++t) {
    for (int64_t row = 0; row < kQuadRows; ++row) {
      from[static_cast<size_t>(quad_token(t, kRowTokens) + row)] =
          static_cast<int32_t>(row * kRowTokens + t);
    }
  }
  return from;
}
alignas(64) constexpr std::array kOfQuad = of_quad();

/// From a line of weights to the one that is asked for meanwhile, as far into a later step. After a
/// unit's last step comes the first one of the unit that takes its place, which is kTogether units
/// further: without this the beginning of each unit waited for memory.
template <int kTogether, int64_t kStep>
HWY_INLINE int64_t floats_ahead(const RowGroup& group, int64_t step) {
  constexpr int64_t kBytes = 2048, kStepBytes = kStep * int64_t{sizeof(float)};
  constexpr int64_t kSteps = (kBytes + kStepBytes / 2) / kStepBytes;
  const bool in_unit = step + kSteps < group.steps;
  return kSteps * kStep + (in_unit ? 0 : kTogether * group.unit_floats - group.steps * kStep);
}

/// Asks for the line that is `ahead` of `line` in each of some units. Hardware follows a stream
/// only to the end of its page of 4 KiB: without this, every page of each unit waited for memory.
/// One unit, for more tokens, is a single stream, one unit after the other: what is asked for the
/// L1 takes one of its few line buffers until it is there, so memory is asked for the L2 first.
template <int kTogether, int kCount>
HWY_INLINE void prefetch_weights(const float* line, int64_t unit_floats, int64_t ahead) {
  if constexpr (kCount > kRowTokens) {
    constexpr int64_t kToL1 = 512 / sizeof(float), kToL2 = 4096 / sizeof(float);
    __builtin_prefetch(line + kToL1, /*rw=*/0, /*locality=*/3);
    __builtin_prefetch(line + kToL2, /*rw=*/0, /*locality=*/2);
  } else {
    for (int u = 0; u < kTogether; ++u) {
      __builtin_prefetch(line + ahead + u * unit_floats, /*rw=*/0, /*locality=*/3);
    }
  }
}

/// Lane i of the result is lane `place & 3` of i's block of four in `four`.
HWY_INLINE V pick(V four, VI place) {
#if HWY_TARGET == HWY_SCALAR
  (void)place;
  return four;  // never called: a block has four lanes
#elif HWY_TARGET <= HWY_AVX3
  return V{_mm512_permutevar_ps(four.raw, place.raw)};
#elif HWY_TARGET == HWY_AVX2
  return V{_mm256_permutevar_ps(four.raw, place.raw)};
#else
  const DI d;
  const hn::Repartition<uint8_t, D> bytes;
  const VI first = hn::Mul(hn::And(place, hn::Set(d, 3)), hn::Set(d, 0x04040404));
  const VI all = hn::Add(first, hn::Set(d, 0x03020100));
  return hn::BitCast(D(), hn::TableLookupBytes(hn::BitCast(bytes, four), hn::BitCast(bytes, all)));
#endif
}

/// Of kCount tokens and kVectors vectors of columns. Loops are unrolled, as GCC else keeps a copy
/// in memory up to date.
template <int kCount, int kVectors>
struct Sums {
  V values[kCount][kVectors];
  HWY_INLINE Sums(const RowGroup& group, int64_t token, int64_t unit) {
#pragma GCC unroll 16
    for (int t = 0; t < kCount; ++t) {
      const float* from =
          group.before == nullptr
              ? kZeros
              : group.before + (token + t) * group.before_stride + unit * kUnitColumns;
      const int step = group.before == nullptr ? 0 : kLanes;
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) values[t][v] = hn::LoadU(D(), from + v * step);
    }
  }
  HWY_INLINE void store(const RowGroup& group, int64_t token, int64_t unit) const {
#pragma GCC unroll 16
    for (int t = 0; t < kCount; ++t) {
      float* to = group.sums + (token + t) * group.sums_stride + unit * kUnitColumns;
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) hn::StoreU(values[t][v], D(), to + v * kLanes);
    }
  }
};

/// Calls block(Int<units>(), Int<tokens>(), first unit, first token) over a group.
template <int kMost, int kMostTokens, class Block>
HWY_INLINE void over_group(const RowGroup& group, const Block& block, int64_t unit = 0) {
  constexpr int kFit = kSumRegisters / (kMost * kUnitVectors);
  constexpr int kTokens = kFit < 1 ? 1 : kFit > kMostTokens ? kMostTokens : kFit;
  for (; unit + kMost <= group.units; unit += kMost) {
    over_tokens<kTokens>(group.tokens, [&](auto tokens, int64_t token)
                                           HWY_ATTR { block(Int<kMost>(), tokens, unit, token); });
  }
  if constexpr (kMost > 1) over_group<kMost / 2, kMostTokens>(group, block, unit);
}

/// Rows of `block` [K][kWidth] that `ids` names, one after the other.
template <int64_t kWidth>
HWY_INLINE void gather_tokens(const float* block, const int32_t* ids, float* to) {
  const hn::CappedTag<float, kWidth> d;
  for (int64_t i = 0; i < kDenseStepRows; ++i, to += kWidth) {
    const float* row = block + int64_t{ids[i]} * kWidth;
    for (int64_t t = 0; t < kWidth; t += hn::MaxLanes(d)) {
      hn::Store(hn::Load(d, row + t), d, to + t);
    }
  }
}

/// Rows row(0) to row(3) of a quad to where RowGroup wants them.
#if HWY_TARGET == HWY_SCALAR
template <int64_t kWidth, class Row>
void interleave_quad(const Row& row, float* to) {
  for (int64_t t = 0; t < kWidth; ++t) {
    for (int64_t j = 0; j < kQuadRows; ++j) to[quad_token(t, kWidth) + j] = row(j)[t];
  }
}
#else
template <int64_t kWidth, class Row>
HWY_INLINE void interleave_quad(const Row& row, float* to) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (kWidth == kRowTokens) {
    // Two rows a register, two shuffles: multiplying needs the one port that shuffles.
    const D d;
    const auto two = [&](int64_t i) HWY_ATTR {
      const hn::Half<D> half;
      return hn::Combine(d, hn::Load(half, row(i + 1)), hn::Load(half, row(i))).raw;
    };
    const auto ab = two(0), ce = two(2);
    for (const int32_t* from : {kOfQuad.data(), kOfQuad.data() + kLanes}) {
      _mm512_store_ps(to, _mm512_permutex2var_ps(ab, _mm512_load_si512(from), ce));
      to += kLanes;
    }
    return;
  }
#endif
  const hn::CappedTag<float, kWidth> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  for (int64_t t = 0; t < kWidth; t += hn::MaxLanes(d)) {
    const auto a = hn::Load(d, row(0) + t), b = hn::Load(d, row(1) + t);
    const auto c = hn::Load(d, row(2) + t), e = hn::Load(d, row(3) + t);
    const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
    const auto ce_low = hn::BitCast(wide, hn::InterleaveLower(d, c, e));
    const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
    const auto ce_high = hn::BitCast(wide, hn::InterleaveUpper(d, c, e));
    float* const of_lane = to + t;  // as in quad_token()
    hn::Store(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ce_low)), d, of_lane);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ce_low)), d, of_lane + kWidth);
    hn::Store(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ce_high)), d, of_lane + 2 * kWidth);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ce_high)), d, of_lane + 3 * kWidth);
  }
}
#endif

/// The same, as RowGroup wants those of quads.
template <int64_t kWidth>
HWY_INLINE void gather_quads(const float* block, const int32_t* ids, float* to) {
  for (int64_t q = 0; q < kStepQuads; ++q, ids += kQuadRows, to += kQuadRows * kWidth) {
    const auto row = [&](int64_t i) HWY_ATTR { return block + int64_t{ids[i]} * kWidth; };
    interleave_quad<kWidth>(row, to);
  }
}

template <bool kQuads, int64_t kWidth>
HWY_INLINE void gather_rows(const float* block, const int32_t* ids, float* to) {
  if constexpr (kQuads) {
    gather_quads<kWidth>(block, ids, to);
  } else {
    gather_tokens<kWidth>(block, ids, to);
  }
}

/// The rows of a step, if there is such a step.
template <bool kQuads>
HWY_INLINE void gather_step(const RowGroup& group, int64_t step) {
  if (step >= group.steps) return;
  constexpr int64_t kRows = kQuads ? kStepQuads * kQuadRows : kDenseStepRows;
  const int32_t* const ids = group.ids + step * kRows;
  float* const to = group.rows + step * kRows * group.width;
  if (group.width == kMostRowTokens) {
    gather_rows<kQuads, kMostRowTokens>(group.block, ids, to);
  } else if (group.width == kRowTokens) {
    gather_rows<kQuads, kRowTokens>(group.block, ids, to);
  } else {
    for (int64_t i = 0; i < kRows; ++i) to[i] = ids[i] < 0 ? 0.0f : group.block[ids[i]];
  }
}

// Blocks of sums. With kGathers the rows of all steps are gathered, too, each a step before it is
// multiplied: while weights are waited for.

template <bool kGathers, int kTogether, int kCount>
HWY_INLINE void dense_block(const RowGroup& group, int64_t unit, int64_t token) {
  const D d;
  constexpr int64_t kStep = kDenseStepRows * kUnitColumns;
  Sums<kCount, kTogether * kUnitVectors> sums(group, token, unit);
  const int64_t unit_floats = group.unit_floats;
  const float* weights = group.weights + unit * unit_floats;
  const int64_t width = group.width;
  const float* row = group.rows + token;
  if (kGathers) gather_step</*kQuads=*/false>(group, 0);
  for (int64_t step = 0; step < group.steps; ++step, weights += kStep) {
    if (kGathers) gather_step</*kQuads=*/false>(group, step + 1);
    const int64_t ahead = floats_ahead<kTogether, kStep>(group, step);
    for (int64_t i = 0; i < kDenseStepRows; ++i, row += width) {
      V w[kTogether * kUnitVectors];
      for (int v = 0; v < kTogether * kUnitVectors; ++v) {
        w[v] = hn::Load(d, weights + v / kUnitVectors * unit_floats + i * kUnitColumns +
                               v % kUnitVectors * kLanes);
      }
      prefetch_weights<kTogether, kCount>(weights + i * kUnitColumns, unit_floats, ahead);
      for (int t = 0; t < kCount; ++t) {
        const V x = hn::Set(d, row[t]);
        for (int v = 0; v < kTogether * kUnitVectors; ++v) {
          sums.values[t][v] = hn::MulAdd(w[v], x, sums.values[t][v]);
        }
      }
    }
  }
  sums.store(group, token, unit);
}

#if HWY_TARGET != HWY_SCALAR
template <bool kGathers, int kSlots, int kTogether, int kCount>
HWY_INLINE void quad_block(const RowGroup& group, int64_t unit, int64_t token) {
  const D d;
  const DI di;
  constexpr int64_t kStep = (1 + kStepQuads * kSlots) * kUnitColumns;
  constexpr int kVectors = kTogether * kUnitVectors;
  Sums<kCount, kVectors> sums(group, token, unit);
  const int64_t unit_floats = group.unit_floats;
  const float* weights = group.weights + unit * unit_floats;
  const int64_t width = group.width;
  const float* quad = group.rows;
  if (kGathers) gather_step</*kQuads=*/true>(group, 0);
  for (int64_t step = 0; step < group.steps; ++step, weights += kStep) {
    if (kGathers) gather_step</*kQuads=*/true>(group, step + 1);
    VI places[kVectors];
    const int64_t ahead = floats_ahead<kTogether, kStep>(group, step);
    prefetch_weights<kTogether, kCount>(weights, unit_floats, ahead);
    for (int v = 0; v < kVectors; ++v) {
      places[v] = hn::BitCast(
          di, hn::Load(d, weights + v / kUnitVectors * unit_floats + v % kUnitVectors * kLanes));
    }
    const float* of_slot = weights + kUnitColumns;
    for (int64_t q = 0; q < kStepQuads; ++q, quad += kQuadRows * width) {
      // Serve all slots and vectors; of more tokens than registers have room for, load again.
      constexpr int kHeld = kCount <= kRowTokens ? kCount : 0;
      V held[kHeld > 0 ? kHeld : 1];
      for (int t = 0; t < kHeld; ++t) {
        held[t] = hn::LoadDup128(d, quad + quad_token(token + t, width));
      }
      for (int s = 0; s < kSlots; ++s, of_slot += kUnitColumns) {
        prefetch_weights<kTogether, kCount>(of_slot, unit_floats, ahead);
        for (int v = 0; v < kVectors; ++v) {
          const V w =
              hn::Load(d, of_slot + v / kUnitVectors * unit_floats + v % kUnitVectors * kLanes);
          for (int t = 0; t < kCount; ++t) {
            const V x = kHeld > 0 ? held[kHeld > 0 ? t : 0]
                                  : hn::LoadDup128(d, quad + quad_token(token + t, width));
            sums.values[t][v] = hn::MulAdd(w, pick(x, places[v]), sums.values[t][v]);
          }
          places[v] = hn::ShiftRight<2>(places[v]);
        }
      }
    }
  }
  sums.store(group, token, unit);
}
#else
/// Lane by lane: a vector has no block of four to pick from.
template <bool kGathers, int kSlots, int kTogether, int kCount>
void quad_block(const RowGroup& group, int64_t first_unit, int64_t token) {
  static_assert(kTogether == 1 && kCount == 1);
  constexpr int64_t kStep = (1 + kStepQuads * kSlots) * kUnitColumns;
  if (kGathers) {
    for (int64_t step = 0; step < group.steps; ++step) gather_step</*kQuads=*/true>(group, step);
  }
  for (int64_t c = 0; c < kUnitColumns; ++c) {
    const int64_t at = first_unit * kUnitColumns + c;
    float sum = group.before == nullptr ? 0.0f : group.before[token * group.before_stride + at];
    for (int64_t step = 0; step < group.steps; ++step) {
      const float* unit = group.weights + first_unit * group.unit_floats + step * kStep + c;
      uint32_t places;
      std::memcpy(&places, unit, sizeof places);
      for (int64_t i = 0; i < kStepQuads * kSlots; ++i) {
        const float* quad = group.rows + (step * kStepQuads + i / kSlots) * kQuadRows * group.width;
        sum = std::fma(unit[(1 + i) * kUnitColumns],
                       quad[quad_token(token, group.width) + (places >> (2 * i) & 3)], sum);
      }
    }
    group.sums[token * group.sums_stride + at] = sum;
  }
}
#endif

/// All tokens at once, by as many units as registers then have room for: half of the tokens at a
/// time would read the weights twice. Fewer tokens by all units, which memory gives faster.
template <int kMostTokens, class Block>
HWY_INLINE void over_units(const RowGroup& group, const Block& block) {
  constexpr int kHalf = kUnits > 1 ? kUnits / 2 : 1;
  if (group.tokens > kRowTokens && group.tokens == kMostTokens) {
    over_group<1, kMostTokens>(group, block);
  } else if (group.tokens >= kRowTokens) {
    over_group<kHalf, kRowTokens>(group, block);
  } else {
    over_group<kUnits, kRowTokens>(group, block);
  }
}

/// Calls block(whether it gathers): a group's first block of sums does, if there are ids.
template <class Block>
HWY_INLINE void gathering_first(const RowGroup& group, int64_t unit, int64_t token,
                                const Block& block) {
  if (unit == 0 && token == 0 && group.ids != nullptr) {
    block(std::true_type());
  } else {
    block(std::false_type());
  }
}

void multiply_dense_group(const RowGroup& group) {
  over_units<kMostRowTokens>(group,
                             [&](auto units, auto tokens, int64_t unit, int64_t token) HWY_ATTR {
                               gathering_first(group, unit, token, [&](auto gathers) HWY_ATTR {
                                 dense_block<gathers(), units(), tokens()>(group, unit, token);
                               });
                             });
}

void multiply_quad_group(const RowGroup& group, int64_t slots) {
  over_units<kMostRowTokens>(group,
                             [&](auto units, auto tokens, int64_t unit, int64_t token) HWY_ATTR {
                               gathering_first(group, unit, token, [&](auto gathers) HWY_ATTR {
                                 if (slots == 1) {
                                   quad_block<gathers(), 1, units(), tokens()>(group, unit, token);
                                 } else {
                                   quad_block<gathers(), 2, units(), tokens()>(group, unit, token);
                                 }
                               });
                             });
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(multiply_dense_group);
HWY_EXPORT(multiply_quad_group);

void multiply_dense_group(const RowGroup& group) {
  HWY_DYNAMIC_DISPATCH(multiply_dense_group)(group);
}
void multiply_quad_group(const RowGroup& group, int64_t slots) {
  HWY_DYNAMIC_DISPATCH(multiply_quad_group)(group, slots);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
