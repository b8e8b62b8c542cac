/// @file Sums of a warp to rows of Y: the four lanes that share a row exchange their tokens, so
/// that each stores 16 bytes.
#pragma once

#include "kernels/cuda/common/ptx.cuh"

namespace tvw::kernels::cuda {

/// Y [N, ld] as a warp stores a tile's tokens to it.
struct TokensOfY {
  uint16_t* y;  ///< at the first token
  int ld;
  int valid;      ///< tokens, a multiple of 8; what is behind is not stored
  int first = 0;  ///< a multiple of 8; what is before it is not stored
};

/// A 4x4 transpose over four lanes: lane j gets word j of each of them, in their order.
__device__ __forceinline__ uint4 transpose_words(int lane, uint4 w) {
  const bool odd = (lane & 1) != 0, high = (lane & 2) != 0;
  const uint32_t a = __shfl_xor_sync(~0u, odd ? w.x : w.y, 1);
  const uint32_t b = __shfl_xor_sync(~0u, odd ? w.z : w.w, 1);
  // Words of this lane and its neighbour: x those for lane `odd`, y those for lane 2 + `odd`.
  const uint32_t x0 = odd ? a : w.x, x1 = odd ? w.y : a;
  const uint32_t y0 = odd ? b : w.z, y1 = odd ? w.w : b;
  const uint32_t c = __shfl_xor_sync(~0u, high ? x0 : y0, 2);
  const uint32_t d = __shfl_xor_sync(~0u, high ? x1 : y1, 2);
  return {high ? c : x0, high ? d : x1, high ? y0 : c, high ? y1 : d};
}

/// Stores up to kTokens tokens of kBlocks blocks of 16 rows. `row(block, half)` is where the row
/// lane / 4 + 8 half of a block goes, -1: nowhere. `pair(block, eight, half)` makes the results
/// that mma and wgmma leave in this lane: of that row, two tokens of group `eight` of eight.
template <int kTokens, int kBlocks, class Row, class Pair>
__device__ __forceinline__ void store_rows(int lane, const TokensOfY& to, Row row, Pair pair) {
  static_assert(kTokens % 16 == 0);
  const int mine = (lane & 3) * 8;  // of 32 tokens
  uint16_t* const y = to.y + mine;
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int n = row(block, half);
      uint16_t* const at = y + int64_t{n} * to.ld;
#pragma unroll
      for (int first = 0; first < kTokens; first += 32) {
        const auto word = [&](int e) {
          const int eight = first / 8 + e;
          return eight * 8 < kTokens ? pair(block, eight, half) : 0u;
        };
        const uint4 v = transpose_words(lane, {word(0), word(1), word(2), word(3)});
        const int token = first + mine;
        store_streaming_if(n >= 0 && token >= to.first && token < to.valid, at + first, v);
      }
    }
  }
}

}  // namespace tvw::kernels::cuda
