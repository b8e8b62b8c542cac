/// @file C^T = B^T A^T over tiles of features that share gathered rows, by mma (sm_80 and later).
///
/// Activations and results are feature-major: X [K, ld], Y [N, ld], 16-bit, ld a multiple of 8.
/// Every output tile is some features (columns of B, scattered to their rows of Y) x some tokens,
/// summed over the tile's kept rows in f32 (arXiv 2402.10876, section V). A persistent grid walks
/// through lists of tiles: kept rows of X and weights in fragment order are copied into a ring by
/// cp.async, stages ahead of the mma and across tiles, so that neither the start of a tile nor the
/// gather's addresses stand in its way.
#pragma once

#include <vector>

#include "kernels/cuda/sm80/worker.cuh"

namespace tvw::kernels::cuda::sm80 {

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) tile_gemm(const Params p) {
  extern __shared__ __align__(128) uint8_t memory[];
  const Ring<C> ring{kept(shared_address(memory)), p.stages};
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int s = 0; s < p.stages; ++s) {
      barrier_init(ring.full(s), C::kThreads);
      barrier_init(ring.empty(s), kWarpArrivals * C::kWarps);
    }
  }
  __syncthreads();
  launch_dependents();
  Worker<C, T>(p, ring, warp, lane).run(p.items + blockIdx.x);
}

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {name,
          C::kSparse,
          dtype,
          C::kFeatures,
          C::kTokens,
          C::kThreads,
          C::kCtasPerSm,
          C::kStagesAt,
          C::kStageBytes,
          C::kMostStages,
          reinterpret_cast<const void*>(&tile_gemm<C, T>)};
}

/// Named features x tokens of a tile.
template <bool kSparse, class T>
std::vector<Variant> all_variants(DType dtype) {
  return {
      describe<Tiling<kSparse, 4, 2, 4, 8, 1>, T>("256x128", dtype),
      describe<Tiling<kSparse, 2, 4, 4, 8, 1>, T>("128x256", dtype),
      describe<Tiling<kSparse, 2, 2, 4, 8, 2>, T>("128x128", dtype),
      describe<Tiling<kSparse, 1, 4, 4, 8, 2>, T>("64x256", dtype),
  };
}

}  // namespace tvw::kernels::cuda::sm80
