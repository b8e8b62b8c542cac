#include "kernels/cpu/convert.hpp"

#include "tvw/core/dtype.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/convert.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using DU = hn::ScalableTag<uint32_t>;
using DF = hn::RebindToFloat<DU>;
using DH = hn::Rebind<uint16_t, DU>;

void bf16_to_f32(const uint16_t* from, int64_t count, float* to) {
  const DU words;
  const auto lanes = static_cast<int64_t>(hn::Lanes(words));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bits = hn::ShiftLeft<16>(hn::PromoteTo(words, hn::LoadU(DH(), from + i)));
    hn::StoreU(hn::BitCast(DF(), bits), DF(), to + i);
  }
  for (; i < count; ++i) to[i] = tvw::bf16_to_f32(from[i]);
}

/// To nearest, ties to even: half a unit less one, and one more where the last bit is set, carry
/// into the upper half. A NaN keeps its upper bits and becomes a quiet one.
HWY_INLINE void row_to_bf16(const float* from, int64_t count, uint16_t* to) {
  const DU words;
  const auto lanes = static_cast<int64_t>(hn::Lanes(words));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(DF(), from + i);
    const auto bits = hn::BitCast(words, value);
    const auto last = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
    const auto rounded = hn::Add(bits, hn::Add(last, hn::Set(words, 0x7FFF)));
    const auto quiet = hn::Or(bits, hn::Set(words, 0x400000));
    const auto nan = hn::RebindMask(words, hn::IsNaN(value));
    const auto upper = hn::ShiftRight<16>(hn::IfThenElse(nan, quiet, rounded));
    hn::StoreU(hn::TruncateTo(DH(), upper), DH(), to + i);
  }
  for (; i < count; ++i) to[i] = tvw::f32_to_bf16(from[i]);
}

void f32_to_bf16(const float* from, int64_t count, uint16_t* to) { row_to_bf16(from, count, to); }

void f32_rows_to_bf16(const float* from, int64_t from_ld, int64_t count,
                      std::span<uint16_t* const> to) {
  for (size_t row = 0; row < to.size(); ++row, from += from_ld) row_to_bf16(from, count, to[row]);
}

void interleave_rows(const uint16_t* from, int64_t from_ld, int64_t pairs, int64_t count,
                     uint32_t* to, int64_t to_ld) {
  const DU words;
  const auto lanes = static_cast<int64_t>(hn::Lanes(words));
  for (int64_t p = 0; p < pairs; ++p, from += 2 * from_ld, to += to_ld) {
    const uint16_t* high = from + from_ld;
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      const auto lower = hn::PromoteTo(words, hn::LoadU(DH(), from + i));
      const auto upper = hn::PromoteTo(words, hn::LoadU(DH(), high + i));
      hn::StoreU(hn::Or(lower, hn::ShiftLeft<16>(upper)), words, to + i);
    }
    for (; i < count; ++i) to[i] = from[i] | static_cast<uint32_t>(high[i]) << 16;
  }
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(bf16_to_f32);
HWY_EXPORT(f32_to_bf16);
HWY_EXPORT(f32_rows_to_bf16);
HWY_EXPORT(interleave_rows);

void bf16_to_f32(const uint16_t* from, int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(bf16_to_f32)(from, count, to);
}
void f32_to_bf16(const float* from, int64_t count, uint16_t* to) {
  HWY_DYNAMIC_DISPATCH(f32_to_bf16)(from, count, to);
}
void f32_rows_to_bf16(const float* from, int64_t from_ld, int64_t count,
                      std::span<uint16_t* const> to) {
  HWY_DYNAMIC_DISPATCH(f32_rows_to_bf16)(from, from_ld, count, to);
}
void interleave_rows(const uint16_t* from, int64_t from_ld, int64_t pairs, int64_t count,
                     uint32_t* to, int64_t to_ld) {
  HWY_DYNAMIC_DISPATCH(interleave_rows)(from, from_ld, pairs, count, to, to_ld);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
