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

#if HWY_TARGET != HWY_SCALAR
/// Whole vectors of columns from `cols` first columns on and whole fours of rows, by interleaving
/// twice; returns how many columns that were.
template <class DV>
HWY_INLINE int64_t transpose_blocks(DV d, const float* from, int64_t from_ld, float* to,
                                    int64_t to_ld, int64_t rows, int64_t cols) {
  const hn::RepartitionToWide<DV> wide;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t whole = cols / lanes * lanes;
  const auto four_rows = [&](int64_t r, int64_t c) HWY_ATTR {
    const float* corner = from + c * from_ld + r;
    const auto a = load_blocks(d, corner, from_ld);
    const auto b = load_blocks(d, corner + from_ld, from_ld);
    const auto e = load_blocks(d, corner + 2 * from_ld, from_ld);
    const auto f = load_blocks(d, corner + 3 * from_ld, from_ld);
    const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
    const auto ef_low = hn::BitCast(wide, hn::InterleaveLower(d, e, f));
    const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
    const auto ef_high = hn::BitCast(wide, hn::InterleaveUpper(d, e, f));
    float* row = to + r * to_ld + c;
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ef_low)), d, row);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ef_low)), d, row + to_ld);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ef_high)), d, row + 2 * to_ld);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ef_high)), d, row + 3 * to_ld);
  };
  int64_t r = 0;
  constexpr int64_t kPageFloats = 1024, kLineFloats = 16;
  if (from_ld >= kPageFloats) {
    // Lines a page apart can all belong to one set of the L1 cache: each is read to its end before
    // there are more than a set has room for. Hardware follows a few streams, not one per column.
    constexpr int64_t kAhead = 4 * kLineFloats;
    for (; r + kLineFloats <= rows; r += kLineFloats) {
      for (int64_t c = 0; c < whole; ++c) {
        __builtin_prefetch(from + c * from_ld + r + kAhead, /*rw=*/0, /*locality=*/2);
      }
      for (int64_t c = 0; c < whole; c += lanes) {
        for (int64_t i = 0; i < kLineFloats; i += 4) four_rows(r + i, c);
      }
    }
  }
  for (; r + 4 <= rows; r += 4) {
    for (int64_t c = 0; c < whole; c += lanes) four_rows(r, c);
  }
  return whole;
}

/// With vectors of kLanes, then half of that, down to blocks of four.
template <int kLanes>
HWY_INLINE int64_t transpose_narrowing(const float* from, int64_t from_ld, float* to, int64_t to_ld,
                                       int64_t rows, int64_t cols) {
  const hn::CappedTag<float, kLanes> d;
  int64_t done = transpose_blocks(d, from, from_ld, to, to_ld, rows, cols);
  if constexpr (kLanes > 4) {
    done += transpose_narrowing<kLanes / 2>(from + done * from_ld, from_ld, to + done, to_ld, rows,
                                            cols - done);
  }
  return done;
}
#endif

/// Vectors of 16 would take more shuffles to put together than they save, and on Zen 4, which
/// stores them by halves, are slower by a sixth. What whole blocks do not cover goes element by
/// element.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  int64_t whole_rows = 0;
  int64_t whole_cols = 0;
#if HWY_TARGET != HWY_SCALAR
  whole_rows = rows / 4 * 4;
  whole_cols = transpose_narrowing<8>(from, from_ld, to, to_ld, rows, cols);
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
