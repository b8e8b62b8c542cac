/// @file The four lanes that hold a row of an mma's sums, two tokens each, exchange them so that
/// each has neighbouring tokens: whole sectors of a row leave without a way through shared memory.
#pragma once

#include <cstdint>

#include "kernels/cuda/common/mma.cuh"

namespace tvw::kernels::cuda::sm80 {

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

/// Stores kTokens tokens of a row of y, of each eight of which this lane has two: sums[0] and
/// sums[1], then four further on. `finish` makes a result of a sum. The row may end inside: nothing
/// from token `valid`, a multiple of 8, on.
template <class T, int kTokens, class Finish>
__device__ __forceinline__ void store_tokens(uint16_t* y, int lane, const float* sums, int valid,
                                             Finish finish) {
  static_assert(kTokens % 32 == 0);
  const auto word = [&](int eight) {
    return pack_pair<T>(finish(sums[4 * eight]), finish(sums[4 * eight + 1]));
  };
  const int quarter = (lane & 3) * 8;
#pragma unroll
  for (int first = 0; first < kTokens; first += 32) {
    const int e = first / 8;
    const uint4 v = exchange_quad(lane, word(e), word(e + 1), word(e + 2), word(e + 3));
    if (first + quarter < valid) __stcs(reinterpret_cast<uint4*>(y + first + quarter), v);
  }
}

}  // namespace tvw::kernels::cuda::sm80
