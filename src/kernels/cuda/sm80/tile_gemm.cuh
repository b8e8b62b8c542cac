/// @file C^T = B^T A^T over tiles of features that share gathered rows, by mma (sm_80 and later).
///
/// Activations and results are feature-major: X [K, ld], Y [N, ld], 16-bit, ld a multiple of 8. A
/// CTA computes one tile of features (columns of B, scattered to their rows of Y) for one block of
/// tokens, summed over the tile's kept rows in f32 (arXiv 2402.10876, section V). All threads copy:
/// weights in fragment order and kept rows of X, by cp.async into a ring of steps. Results leave
/// through shared memory, so that a row's tokens leave in whole sectors.
#pragma once

#include <vector>

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/sm80/loader.cuh"

namespace tvw::kernels::cuda::sm80 {

template <class C>
using Sums = float[C::kWarpBlocks][C::kWarpTokens][4];

/// One step of one warp's tile.
template <class C, class T>
__device__ __forceinline__ void multiply(uint32_t weights, uint32_t activations, int row_warp,
                                         int token_warp, int lane, Sums<C>& sums) {
  uint4 a[C::kWarpBlocks][2];
  uint32_t metadata[C::kWarpBlocks];
#pragma unroll
  for (int b = 0; b < C::kWarpBlocks; ++b) {
    const uint32_t from = weights + (row_warp * C::kWarpBlocks + b) * C::kFragmentBytes;
    a[b][0] = load_shared_128(from + lane * 16);
    a[b][1] = load_shared_128(from + 512 + lane * 16);
    if constexpr (C::kSparse) metadata[b] = load_shared_32(from + 1024 + lane * 4);
  }
  const uint32_t row = activations + lane * C::kRowBytes;
#pragma unroll
  for (int t = 0; t < C::kWarpTokens; ++t) {
    const uint32_t from = row + ((token_warp * C::kWarpTokens + t) ^ (lane & 7)) * 16;
    uint32_t low[4], high[4];
    load_transposed(low, from);
    if constexpr (C::kSparse) load_transposed(high, from + 32 * C::kRowBytes);
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      if constexpr (C::kSparse) {
        mma_sparse<T, 0>(sums[b][t], a[b][0], low, metadata[b]);
        mma_sparse<T, 1>(sums[b][t], a[b][1], high, metadata[b]);
      } else {
        mma_dense<T>(sums[b][t], a[b][0], low[0], low[1]);
        mma_dense<T>(sums[b][t], a[b][1], low[2], low[3]);
      }
    }
  }
}

/// Bias, activation, and through this warp's patch of shared memory to Y.
template <class C, class T>
__device__ __forceinline__ void store(const Params& p, uint32_t patch, const int32_t* columns,
                                      int token, int lane, Sums<C>& sums) {
#pragma unroll
  for (int b = 0; b < C::kWarpBlocks; ++b) {
    if (p.bias != nullptr || p.activation != 0) {
      const int low = __ldg(columns + b * 16 + lane / 4),
                high = __ldg(columns + b * 16 + lane / 4 + 8);
      const float bias_low = p.bias != nullptr && low >= 0 ? __ldg(p.bias + low) : 0.0f;
      const float bias_high = p.bias != nullptr && high >= 0 ? __ldg(p.bias + high) : 0.0f;
      activate_all<4 * C::kWarpTokens>(&sums[b][0][0], bias_low, bias_high, p.activation);
    }
#pragma unroll
    for (int t = 0; t < C::kWarpTokens; ++t) {
      const uint32_t to = patch + (b * 16 + lane / 4) * C::kPatchPitch + t * 16 + lane % 4 * 4;
      store_shared_32(to, pack_pair<T>(sums[b][t][0], sums[b][t][1]));
      store_shared_32(to + 8 * C::kPatchPitch, pack_pair<T>(sums[b][t][2], sums[b][t][3]));
    }
  }
  __syncwarp();
  constexpr int kRowsAtOnce = 32 / C::kWarpTokens;
  const int piece = lane % C::kWarpTokens;
  if (token + piece * 8 >= p.M) return;
#pragma unroll 4
  for (int row = lane / C::kWarpTokens; row < C::kWarpBlocks * 16; row += kRowsAtOnce) {
    const int n = __ldg(columns + row);
    if (n < 0) continue;
    __stcs(reinterpret_cast<uint4*>(p.y + static_cast<int64_t>(n) * p.ld + token + piece * 8),
           load_shared_128(patch + row * C::kPatchPitch + piece * 16));
  }
}

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads) tile_gemm(const Params p) {
  extern __shared__ __align__(128) uint8_t shared[];
  const uint32_t memory = shared_address(shared);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int row_warp = warp % C::kRowWarps, token_warp = warp / C::kRowWarps;
  const int tile = blockIdx.x, token = blockIdx.y * C::kTokens;
  const int first_step = __ldg(p.first_step + tile);
  const int steps = __ldg(p.first_step + tile + 1) - first_step;
  const Loader<C> loader(p, memory, first_step, steps, token);

  // Group s holds step s and the ids of step s + kStages - 1; it is waited for at step s, where the
  // copies of that later step begin.
  for (int step = 0; step < C::kStages - 1; ++step) loader.load_ids(step);
  wait_all_copies();
  __syncthreads();
  for (int step = 0; step < C::kStages - 1; ++step) {
    loader.load(step);
    loader.load_ids(step + C::kStages - 1);
    commit_copies();
  }
  Sums<C> sums = {};
  for (int step = 0; step < steps; ++step) {
    wait_copies<C::kStages - 2>();
    __syncthreads();  // step has landed for all threads, and all are through with the one before
    loader.load(step + C::kStages - 1);
    loader.load_ids(step + 2 * (C::kStages - 1));
    commit_copies();
    const int slot = step % C::kStages;
    multiply<C, T>(loader.weights(slot), loader.activations(slot), row_warp, token_warp, lane,
                   sums);
  }
  wait_all_copies();
  __syncthreads();
  const int32_t* columns =
      p.columns + static_cast<int64_t>(tile) * C::kFeatures + row_warp * C::kWarpBlocks * 16;
  store<C, T>(p, memory + warp * C::kPatchBytes, columns, token + token_warp * C::kWarpTokens * 8,
              lane, sums);
}

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {
      name,       C::kSparse,  dtype,           C::kFeatures,
      C::kTokens, C::kThreads, C::kSharedBytes, reinterpret_cast<const void*>(&tile_gemm<C, T>)};
}

/// Named features x tokens of a tile.
template <bool kSparse, class T>
std::vector<Variant> all_variants(DType dtype) {
  return {
      describe<Tiling<kSparse, 2, 2, 4, 8>, T>("128x128", dtype),
      describe<Tiling<kSparse, 1, 2, 4, 8>, T>("64x128", dtype),
      describe<Tiling<kSparse, 4, 2, 4, 8>, T>("256x128", dtype),
  };
}

}  // namespace tvw::kernels::cuda::sm80
