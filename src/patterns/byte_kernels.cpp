#include "patterns/byte_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "patterns/byte_kernels.cpp"
#include <algorithm>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tvw::patterns::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
// Machines without SIMD that Highway knows: plain loops.

/// Puts x into the `keep` largest, descending.
inline void Insert(uint8_t x, int64_t keep, uint8_t* top) {
  for (int64_t j = 0; j < keep; ++j) {
    const uint8_t larger = std::max(top[j], x);
    x = std::min(top[j], x);
    top[j] = larger;
  }
}

void GroupGains(const uint8_t* scores, int64_t ld, const int32_t* rows, int64_t row_count,
                NmRatio nm, uint32_t* out) {
  for (int64_t c = 0; c < kLane; ++c) {
    out[c] = 0;
    for (int64_t i = 0; i < row_count; i += nm.group) {
      uint8_t top[kMaxKeep] = {};
      for (int64_t r = i; r < std::min(row_count, i + nm.group); ++r) {
        Insert(scores[rows[r] * ld + c], nm.keep, top);
      }
      for (int64_t j = 0; j < nm.keep; ++j) out[c] += top[j];
    }
  }
}

void KthLargest(const uint8_t* const* rows, int64_t count, int64_t keep, int64_t width,
                uint8_t* out) {
  for (int64_t c = 0; c < width; ++c) {
    uint8_t top[kMaxKeep] = {};
    for (int64_t r = 0; r < count; ++r) Insert(rows[r][c], keep, top);
    out[c] = top[keep - 1];
  }
}

void MaxSums(const uint8_t* floor, const uint8_t* tile, const int32_t* rows, int64_t count,
             int64_t width, uint32_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = 0;
    for (int64_t c = 0; c < width; ++c) out[i] += std::max(floor[c], tile[rows[i] * width + c]);
  }
}

#else

using Bytes = hn::CappedTag<uint8_t, kLane>;
using Words = hn::Repartition<uint16_t, Bytes>;
using Sums = hn::Repartition<uint64_t, Bytes>;

/// Columns [c, c + Lanes) of group_gains: even and odd columns are added up in 16-bit lanes.
template <int kKeep>
void GainsOfVector(const uint8_t* scores, int64_t ld, const int32_t* rows, int64_t row_count,
                   NmRatio nm, uint32_t* out) {
  const Bytes d;
  const Words dw;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto low = hn::Set(dw, uint16_t{0xFF});
  // 255 * keep is added to a 16-bit lane for each group.
  const int64_t groups_per_flush = 65535 / (255 * nm.keep);
  HWY_ALIGN uint16_t even_lanes[kLane / 2];
  HWY_ALIGN uint16_t odd_lanes[kLane / 2];
  HWY_ALIGN uint8_t top[kMaxKeep * kLane];
  for (int64_t begin = 0; begin < row_count; begin += groups_per_flush * nm.group) {
    const int64_t end = std::min(row_count, begin + groups_per_flush * nm.group);
    auto even = hn::Zero(dw);
    auto odd = hn::Zero(dw);
    const auto add = [&](auto v) HWY_ATTR {
      even = hn::Add(even, hn::And(hn::BitCast(dw, v), low));
      odd = hn::Add(odd, hn::ShiftRight<8>(hn::BitCast(dw, v)));
    };
    for (int64_t i = begin; i < end; i += nm.group) {
      const int64_t last = std::min(end, i + nm.group);
      if constexpr (kKeep == 1) {
        auto a = hn::Zero(d);
        for (int64_t r = i; r < last; ++r) a = hn::Max(a, hn::LoadU(d, scores + rows[r] * ld));
        add(a);
      } else if constexpr (kKeep == 2) {
        auto a = hn::Zero(d);
        auto b = hn::Zero(d);
        for (int64_t r = i; r < last; ++r) {
          const auto x = hn::LoadU(d, scores + rows[r] * ld);
          b = hn::Max(b, hn::Min(a, x));
          a = hn::Max(a, x);
        }
        add(a);
        add(b);
      } else {
        for (int64_t j = 0; j < nm.keep; ++j) hn::Store(hn::Zero(d), d, top + j * lanes);
        for (int64_t r = i; r < last; ++r) {
          auto x = hn::LoadU(d, scores + rows[r] * ld);
          for (int64_t j = 0; j < nm.keep; ++j) {
            const auto t = hn::Load(d, top + j * lanes);
            hn::Store(hn::Max(t, x), d, top + j * lanes);
            x = hn::Min(t, x);
          }
        }
        for (int64_t j = 0; j < nm.keep; ++j) add(hn::Load(d, top + j * lanes));
      }
    }
    hn::Store(even, dw, even_lanes);
    hn::Store(odd, dw, odd_lanes);
    for (int64_t c = 0; c < lanes / 2; ++c) {
      out[2 * c] += even_lanes[c];
      out[2 * c + 1] += odd_lanes[c];
    }
  }
}

void GroupGains(const uint8_t* scores, int64_t ld, const int32_t* rows, int64_t row_count,
                NmRatio nm, uint32_t* out) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Bytes()));
  std::fill(out, out + kLane, 0U);
  for (int64_t c = 0; c < kLane; c += lanes) {
    if (nm.keep == 1) {
      GainsOfVector<1>(scores + c, ld, rows, row_count, nm, out + c);
    } else if (nm.keep == 2) {
      GainsOfVector<2>(scores + c, ld, rows, row_count, nm, out + c);
    } else {
      GainsOfVector<0>(scores + c, ld, rows, row_count, nm, out + c);
    }
  }
}

void KthLargest(const uint8_t* const* rows, int64_t count, int64_t keep, int64_t width,
                uint8_t* out) {
  const Bytes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN uint8_t top[kMaxKeep * kLane];
  for (int64_t c = 0; c < width; c += lanes) {
    if (keep == 2) {
      auto a = hn::Zero(d);
      auto b = hn::Zero(d);
      for (int64_t r = 0; r < count; ++r) {
        const auto x = hn::LoadU(d, rows[r] + c);
        b = hn::Max(b, hn::Min(a, x));
        a = hn::Max(a, x);
      }
      hn::StoreU(b, d, out + c);
      continue;
    }
    for (int64_t j = 0; j < keep; ++j) hn::Store(hn::Zero(d), d, top + j * lanes);
    for (int64_t r = 0; r < count; ++r) {
      auto x = hn::LoadU(d, rows[r] + c);
      for (int64_t j = 0; j < keep; ++j) {
        const auto t = hn::Load(d, top + j * lanes);
        hn::Store(hn::Max(t, x), d, top + j * lanes);
        x = hn::Min(t, x);
      }
    }
    hn::StoreU(hn::Load(d, top + (keep - 1) * lanes), d, out + c);
  }
}

void MaxSums(const uint8_t* floor, const uint8_t* tile, const int32_t* rows, int64_t count,
             int64_t width, uint32_t* out) {
  const Bytes d;
  const Sums ds;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* row = tile + rows[i] * width;
    auto sum = hn::Zero(ds);
    for (int64_t c0 = 0; c0 < width; c0 += kLane) {
      for (int64_t c = c0; c < c0 + kLane; c += lanes) {
        sum = hn::Add(sum, hn::SumsOf8(hn::Max(hn::LoadU(d, floor + c), hn::LoadU(d, row + c))));
      }
    }
    out[i] = static_cast<uint32_t>(hn::GetLane(hn::SumOfLanes(ds, sum)));
  }
}

#endif  // plain loops

}  // namespace tvw::patterns::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::patterns {

HWY_EXPORT(GroupGains);
HWY_EXPORT(KthLargest);
HWY_EXPORT(MaxSums);

void group_gains(const uint8_t* scores, int64_t ld, const int32_t* rows, int64_t row_count,
                 NmRatio nm, uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(GroupGains)(scores, ld, rows, row_count, nm, out);
}

void kth_largest(const uint8_t* const* rows, int64_t count, int64_t keep, int64_t width,
                 uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(KthLargest)(rows, count, keep, width, out);
}

void max_sums(const uint8_t* floor, const uint8_t* tile, const int32_t* rows, int64_t count,
              int64_t width, uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(MaxSums)(floor, tile, rows, count, width, out);
}

}  // namespace tvw::patterns
#endif  // HWY_ONCE
