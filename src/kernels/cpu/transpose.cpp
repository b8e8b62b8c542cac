#include "kernels/cpu/isa.hpp"
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
/// Four rows of a vector of columns, by interleaving twice.
template <class DV>
HWY_INLINE void four_rows(DV d, const float* from, int64_t from_ld, float* to, int64_t to_ld) {
  const hn::RepartitionToWide<DV> wide;
  const auto a = load_blocks(d, from, from_ld);
  const auto b = load_blocks(d, from + from_ld, from_ld);
  const auto e = load_blocks(d, from + 2 * from_ld, from_ld);
  const auto f = load_blocks(d, from + 3 * from_ld, from_ld);
  const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
  const auto ef_low = hn::BitCast(wide, hn::InterleaveLower(d, e, f));
  const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
  const auto ef_high = hn::BitCast(wide, hn::InterleaveUpper(d, e, f));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ef_low)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ef_low)), d, to + to_ld);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ef_high)), d, to + 2 * to_ld);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ef_high)), d, to + 3 * to_ld);
}

constexpr int64_t kLineFloats = 16;

/// kColumns columns, the whole fours of rows from `begin` on.
template <int64_t kColumns, class DV>
HWY_NOINLINE void transpose_run(DV d, const float* from, int64_t from_ld, float* to, int64_t to_ld,
                                int64_t begin, int64_t rows) {
  constexpr auto kVector = static_cast<int64_t>(hn::MaxLanes(DV()));
  for (int64_t r = begin; r + 4 <= rows; r += 4) {
    for (int64_t c = 0; c < kColumns; c += kVector) {
      four_rows(d, from + c * from_ld + r, from_ld, to + r * to_ld + c, to_ld);
    }
  }
}

/// The same for columns a page or more apart, whose lines can all belong to one set of the L1
/// cache: each is read to its end before there are more than a set has room for. Hardware follows a
/// few streams, not one per column. Returns how many rows were done.
template <int64_t kColumns, class DV>
HWY_NOINLINE int64_t transpose_far_run(DV d, const float* from, int64_t from_ld, float* to,
                                       int64_t to_ld, int64_t rows) {
  constexpr auto kVector = static_cast<int64_t>(hn::MaxLanes(DV()));
  constexpr int64_t kAhead = 4 * kLineFloats;
  int64_t r = 0;
  for (; r + kLineFloats <= rows; r += kLineFloats) {
    for (int64_t c = 0; c < kColumns; ++c) {
      __builtin_prefetch(from + c * from_ld + r + kAhead, /*rw=*/0, /*locality=*/2);
    }
    for (int64_t c = 0; c < kColumns; c += kVector) {
      for (int64_t i = r; i < r + kLineFloats; i += 4) {
        four_rows(d, from + c * from_ld + i, from_ld, to + i * to_ld + c, to_ld);
      }
    }
  }
  return r;
}

/// Whole fours of rows of as many whole runs of kColumns columns as there are; returns how many
/// columns that were.
template <int64_t kColumns, int kLanes>
HWY_INLINE int64_t transpose_runs(const float* from, int64_t from_ld, float* to, int64_t to_ld,
                                  int64_t rows, int64_t cols) {
  const hn::CappedTag<float, kLanes> d;
  constexpr bool kWholeLines = hn::MaxLanes(hn::CappedTag<float, kLanes>()) == kLineFloats;
  constexpr int64_t kPageFloats = 1024;
  const bool far = !kWholeLines && from_ld >= kPageFloats;
  // Few rows are those of a matrix, not of a panel that stays in a cache. Where they are a page
  // apart, lines asked for would drive out those that are not written to yet.
  const bool ahead = rows <= kLineFloats && to_ld % kPageFloats != 0;
  int64_t c = 0;
  for (; c + kColumns <= cols; c += kColumns) {
    if (ahead) {
      for (int64_t r = 0; r < rows; ++r) {
        __builtin_prefetch(to + r * to_ld + c + kColumns, /*rw=*/1, /*locality=*/3);
      }
    }
    const float* run = from + c * from_ld;
    const int64_t done =
        far ? transpose_far_run<kColumns>(d, run, from_ld, to + c, to_ld, rows) : 0;
    transpose_run<kColumns>(d, run, from_ld, to + c, to_ld, done, rows);
  }
  return c;
}

/// Runs of a line's columns, in vectors of kLanes at most, then of half of that, down to four.
template <int kLanes>
HWY_INLINE int64_t transpose_lines(const float* from, int64_t from_ld, float* to, int64_t to_ld,
                                   int64_t rows, int64_t cols) {
  int64_t done = transpose_runs<kLineFloats, kLanes>(from, from_ld, to, to_ld, rows, cols);
  done += transpose_runs<8, 8>(from + done * from_ld, from_ld, to + done, to_ld, rows, cols - done);
  done += transpose_runs<4, 4>(from + done * from_ld, from_ld, to + done, to_ld, rows, cols - done);
  return done;
}
#endif

/// What whole blocks do not cover goes element by element.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols, [[maybe_unused]] bool wide) {
  int64_t whole_rows = 0, whole_cols = 0;
#if HWY_TARGET != HWY_SCALAR
  whole_rows = rows / 4 * 4;
  whole_cols = wide ? transpose_lines<16>(from, from_ld, to, to_ld, rows, cols)
                    : transpose_lines<8>(from, from_ld, to, to_ld, rows, cols);
#endif
  const auto from_row = [&](int64_t first, int64_t c) {
    for (int64_t r = first; r < rows; ++r) to[r * to_ld + c] = from[c * from_ld + r];
  };
  if (whole_rows < rows) {
    for (int64_t c = 0; c < whole_cols; ++c) from_row(whole_rows, c);
  }
  for (int64_t c = whole_cols; c < cols; ++c) from_row(0, c);
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(transpose);

void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols) {
  static const bool kWide = shuffles_wide();
  HWY_DYNAMIC_DISPATCH(transpose)(from, from_ld, to, to_ld, rows, cols, kWide);
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
