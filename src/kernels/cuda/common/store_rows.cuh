/// @file Sums of a warp to rows of Y, through 2 KiB of shared memory of the warp's own: 16 rows of
/// 64 tokens at a time, of which eight lanes each then store a row's 128 bytes. Exchanging them by
/// shuffles takes three times the instructions.
#pragma once

#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/common/staging.hpp"

namespace tvw::kernels::cuda {

/// Where 16 rows of results go.
struct RowsOfY {
  uint16_t* y;  ///< [N, ld], at the first token
  int ld;
  int row;    ///< of Y, in lanes l and l + 16 that of row l; -1: nowhere
  int valid;  ///< tokens, a multiple of 8; what is behind is not stored
};

/// Stores up to kTokens tokens of 16 rows: sums as mma and wgmma leave them, of which lane l has
/// four for each eight tokens, two of row l / 4 and two of 8 rows on. `finish(sum, half)` makes a
/// result of one.
template <class T, int kTokens, class Finish>
__device__ __forceinline__ void store_rows(uint32_t staging, int lane, const float* sums,
                                           const RowsOfY& to, Finish finish) {
  static_assert(kTokens % 16 == 0 && kStagingBytes == 16 * 64 * sizeof(uint16_t));
  constexpr int kPasses = 4;  // of four rows, eight lanes each
  uint16_t* y[kPasses];
  int room[kPasses];
#pragma unroll
  for (int i = 0; i < kPasses; ++i) {
    const int n = __shfl_sync(~0u, to.row, i * 4 + lane / 8);
    y[i] = to.y + int64_t{n} * to.ld + lane % 8 * 8;
    room[i] = n >= 0 ? to.valid - lane % 8 * 8 : 0;
  }
  const auto word = [&](int eight, int half) {
    const float* pair = sums + eight * 4 + half * 2;
    return pack_pair<T>(finish(pair[0], half), finish(pair[1], half));
  };
#pragma unroll
  for (int first = 0; first < kTokens; first += 64) {
    // Piece p of row r, 16 bytes, is at p ^ (r % 8): neither way meets a bank twice.
    __syncwarp();  // the tokens before these have been read
#pragma unroll
    for (int e = 0; e < 8 && first + e * 8 < kTokens; e += 2) {
      const int from = first / 8 + e;
      store_matrices(staging + (lane & 15) * 128 + (((e + (lane >> 4)) ^ (lane & 7)) << 4),
                     word(from, 0), word(from, 1), word(from + 1, 0), word(from + 1, 1));
    }
    __syncwarp();
    uint4 v[kPasses];
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      const int row = i * 4 + lane / 8;
      v[i] = load_shared_128(staging + row * 128 + ((lane % 8 ^ (row & 7)) << 4));
    }
#pragma unroll
    for (int i = 0; i < kPasses; ++i) store_streaming_if(first < room[i], y[i] + first, v[i]);
  }
}

}  // namespace tvw::kernels::cuda
