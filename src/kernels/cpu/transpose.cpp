#include "kernels/cpu/panel_kernels.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/transpose.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

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

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(transpose);

void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  HWY_DYNAMIC_DISPATCH(transpose)(from, from_ld, to, to_ld, rows, cols);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
