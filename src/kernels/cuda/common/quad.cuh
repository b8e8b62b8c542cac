/// @file The four lanes that hold a row of an mma's sums, two tokens each, exchange them so that
/// each has neighbouring tokens: whole sectors of a row leave without a way through shared memory.
#pragma once

#include <cstdint>

#include "kernels/cuda/common/ptx.cuh"

namespace tvw::kernels::cuda {

/// Lane i of a pair has {a_i, b_i}; then lane 0 has {a_0, a_1}, lane 1 {b_0, b_1}.
__device__ __forceinline__ uint2 exchange_pair(int lane, uint32_t a, uint32_t b) {
  const bool odd = (lane & 1) != 0;
  const uint32_t other = __shfl_xor_sync(~0u, odd ? a : b, 1);
  return odd ? make_uint2(other, b) : make_uint2(a, other);
}

/// Lane i of four has {a_i, b_i, c_i, d_i}; then lane 0 has {a_0, a_1, a_2, a_3}, lane 1 the b, ...
__device__ __forceinline__ uint4 exchange_quad(int lane, uint32_t a, uint32_t b, uint32_t c,
                                               uint32_t d) {
  const uint2 low = exchange_pair(lane, a, b), high = exchange_pair(lane, c, d);
  const bool upper = (lane & 2) != 0;
  const uint32_t x = __shfl_xor_sync(~0u, upper ? low.x : high.x, 2);
  const uint32_t y = __shfl_xor_sync(~0u, upper ? low.y : high.y, 2);
  return upper ? make_uint4(x, y, high.x, high.y) : make_uint4(low.x, low.y, x, y);
}

/// Stores kEights (4 or 2) x 8 tokens of a row of y, of each of which this lane has two: sums[0]
/// and sums[1], then four further on. The row may end inside: nothing from token `valid`, a
/// multiple of 8, on.
template <class T, int kEights>
__device__ __forceinline__ void store_tokens(uint16_t* y, int lane, const float* sums, int valid) {
  static_assert(kEights == 4 || kEights == 2);
  uint32_t words[kEights];
#pragma unroll
  for (int i = 0; i < kEights; ++i) words[i] = pack_pair<T>(sums[4 * i], sums[4 * i + 1]);
  const int quarter = lane & 3;
  if constexpr (kEights == 4) {
    const uint4 v = exchange_quad(lane, words[0], words[1], words[2], words[3]);
    if (quarter * 8 < valid) __stcs(reinterpret_cast<uint4*>(y + quarter * 8), v);
  } else {
    const uint2 v = exchange_pair(lane, words[0], words[1]);
    const int eight = (quarter & 1) * 8;
    if (eight < valid) __stcs(reinterpret_cast<uint2*>(y + eight + (quarter & 2) * 2), v);
  }
}

}  // namespace tvw::kernels::cuda
