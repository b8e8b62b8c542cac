#include "kernels/cpu/gather.hpp"

#include "kernels/cpu/isa.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gather.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void by_vectors(const float* from, const int32_t* at, const float* plus, int64_t count, float* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> places;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto values = hn::GatherIndex(d, from, hn::LoadU(places, at + i));
    hn::StoreU(hn::Add(values, hn::LoadU(d, plus + i)), d, to + i);
  }
  for (; i < count; ++i) to[i] = from[at[i]] + plus[i];
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(by_vectors);

namespace {

void by_vectors(const float* from, const int32_t* at, const float* plus, int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(by_vectors)(from, at, plus, count, to);
}

void one_by_one(const float* from, const int32_t* at, const float* plus, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[at[i]] + plus[i];
}

}  // namespace

GatherAndAdd gather_and_add() { return gathers_fast() ? by_vectors : one_by_one; }

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
