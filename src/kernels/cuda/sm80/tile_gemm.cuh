/// @file C^T = B^T A^T over tiles of features that share gathered rows, by mma (sm_80 and later).
///
/// Activations and results are feature-major: X [K, ld], Y [N, ld], 16-bit, ld a multiple of 8.
/// Every output tile is some features (columns of B, scattered to their rows of Y) x some tokens,
/// summed over the tile's kept rows in f32 (arXiv 2402.10876, section V). A persistent grid walks
/// through lists of tiles: loader warps copy kept rows of X and weights in fragment order into a
/// ring by cp.async, ahead of the consumer warps and across tiles, so that neither the start of a
/// tile nor the gather's addresses stand in the way of the mma.
#pragma once

#include <vector>

#include "kernels/cuda/sm80/consumer.cuh"
#include "kernels/cuda/sm80/loader.cuh"

namespace tvw::kernels::cuda::sm80 {

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) tile_gemm(const Params p) {
  extern __shared__ __align__(128) uint8_t memory[];
  const Ring<C> ring{shared_address(memory), p.stages};
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int s = 0; s < p.stages; ++s) {
      barrier_init(ring.full(s), 32);  // lanes of a loader
      barrier_init(ring.empty(s), C::kConsumers);
    }
  }
  __syncthreads();
  const Item* begin = p.items + blockIdx.x;
  if (warp < C::kConsumers) {
    Consumer<C, T>(p, ring, warp, lane).run(begin);
  } else {
    Loader<C>(p, ring, lane).run(begin, warp - C::kConsumers);
  }
}

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {name,           C::kSparse,     dtype,
          C::kFeatures,   C::kTokens,     C::kThreads,
          C::kLoaders,    C::kCtasPerSm,  C::kStagesAt,
          C::kStageBytes, C::kMostStages, reinterpret_cast<const void*>(&tile_gemm<C, T>)};
}

/// Named features x tokens of a tile. Of 2:4 tiles a consumer has 64 tokens, as it reads twice the
/// rows for each of its instructions; of dense ones 32, which leaves registers for twice the warps.
template <bool kSparse, class T>
std::vector<Variant> all_variants(DType dtype) {
  constexpr int kBlocks = 4, kTokens = kSparse ? 8 : 4, kWarps = 8 / kTokens;
  return {
      describe<Tiling<kSparse, 4, 2 * kWarps, kBlocks, kTokens, 4, 1>, T>("256x128", dtype),
      describe<Tiling<kSparse, 2, 4 * kWarps, kBlocks, kTokens, 4, 1>, T>("128x256", dtype),
      describe<Tiling<kSparse, 2, 2 * kWarps, kBlocks, kTokens, 2, 2>, T>("128x128", dtype),
      describe<Tiling<kSparse, 1, 4 * kWarps, kBlocks, kTokens, 2, 2>, T>("64x256", dtype),
  };
}

}  // namespace tvw::kernels::cuda::sm80
