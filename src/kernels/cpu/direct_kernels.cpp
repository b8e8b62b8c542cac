#include "kernels/cpu/direct_kernels.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/direct_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/cpu/unit_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

constexpr int kSumRegisters = kManyRegisters ? 24 : 12;
constexpr int kFitting = kSumRegisters / (kUnits * kUnitVectors);
constexpr int kTokens = kFitting < 1 ? 1 : kFitting;
static_assert(HWY_TARGET > HWY_AVX3 || kTokens == kDirectTokens);

/// kCount tokens from `token` on by kTogether units from `unit` on. Loops are unrolled, as GCC else
/// keeps a copy of the sums in memory up to date.
template <int kTogether, int kCount>
HWY_INLINE void direct_block(const DirectTask& task, int64_t unit, int64_t token) {
  const D d;
  constexpr int kVectors = kTogether * kUnitVectors;
  V sums[kCount][kVectors];
  const float* before = task.before + token * task.before_stride + unit * kUnitColumns;
#pragma GCC unroll 16
  for (int t = 0; t < kCount; ++t) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      sums[t][v] = hn::LoadU(d, before + t * task.before_stride + v * kLanes);
    }
  }
  const float* weights = task.weights + unit * task.unit_floats;
  // From two tokens the others are as far as an address can say.
  const int64_t stride = task.a_stride;
  const float* const low = task.a + token * stride;
  const float* const high = low + 3 * stride;
  for (int64_t i = 0; i < task.row_count; ++i, weights += kUnitColumns) {
    V w[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      w[v] = hn::Load(d, weights + v / kUnitVectors * task.unit_floats + v % kUnitVectors * kLanes);
    }
    const int64_t row = task.rows[i];
#pragma GCC unroll 16
    for (int t = 0; t < kCount; ++t) {
      const V x = hn::Set(d, t < 3 ? low[row + t * stride] : high[row + (t - 3) * stride]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[t][v] = hn::MulAdd(w[v], x, sums[t][v]);
    }
  }
  float* to = task.sums + token * task.sums_stride + unit * kUnitColumns;
#pragma GCC unroll 16
  for (int t = 0; t < kCount; ++t) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[t][v], d, to + t * task.sums_stride + v * kLanes);
    }
  }
}

/// The units from `unit` on, kTogether at a time, then fewer.
template <int kTogether>
HWY_INLINE void over_units(const DirectTask& task, int64_t unit) {
  for (; unit + kTogether <= task.units; unit += kTogether) {
    over_tokens<kTokens>(task.tokens, [&](auto tokens, int64_t token) HWY_ATTR {
      direct_block<kTogether, tokens()>(task, unit, token);
    });
  }
  if constexpr (kTogether > 1) over_units<kTogether / 2>(task, unit);
}

void multiply_direct(const DirectTask& task) { over_units<kUnits>(task, 0); }

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(multiply_direct);

void multiply_direct(const DirectTask& task) { HWY_DYNAMIC_DISPATCH(multiply_direct)(task); }

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
