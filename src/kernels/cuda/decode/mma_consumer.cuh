/// @file A consumer by mma.
#pragma once

#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/decode/results.cuh"

namespace tvw::kernels::cuda::decode {

/// One consumer warp: its blocks of features for all tokens, every kSlices-th step. Sends its sums
/// to the CTAs of the cluster that store them, and waits for those that this one stores.
template <class C, class T>
__device__ __forceinline__ void consume_by_mma(const Params& p, const Ring<C>& ring,
                                               const Work<C>& work, int warp, int lane) {
  constexpr int kBlocks = C::kBlocksPerWarp;
  constexpr int kWarpsPerSlice = C::kConsumerWarps / C::kSlices;
  const int slice = warp / kWarpsPerSlice;
  const int block = warp % kWarpsPerSlice * kBlocks;
  float sums[kBlocks][C::kTokenBlocks][4] = {};
  Slot<C> slot{slice, 0};
  for (int step = slice; step < work.steps; step += C::kSlices) {
    barrier_wait(ring.full(slot.index), slot.parity);
    const uint32_t fragment = ring.weights(slot.index) + block * C::kFragmentBytes;
    uint4 a[kBlocks][2];
    uint32_t metadata[kBlocks];
    uint32_t read = 0;  // a word of every load
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      const uint32_t from = fragment + b * C::kFragmentBytes;
      a[b][0] = load_shared_128(from + lane * 16);
      a[b][1] = load_shared_128(from + 512 + lane * 16);
      read ^= a[b][0].x ^ a[b][1].x;
      if constexpr (C::kSparse) {
        metadata[b] = load_shared_32(from + 1024 + lane * 4);
        read ^= metadata[b];
      }
    }
    const uint32_t x = ring.activations(slot.index);
#pragma unroll
    for (int t = 0; t < C::kTokenBlocks; ++t) {
      const uint32_t rows = x + (t * C::kStepRows + (lane ^ t)) * 16;
      uint32_t low[4], high[4];
      load_transposed(low, rows);
      read ^= low[0];
      if constexpr (C::kSparse) {
        load_transposed(high, rows + 32 * 16);
        read ^= high[0];
      }
#pragma unroll
      for (int b = 0; b < kBlocks; ++b) {
        if constexpr (C::kSparse) {
          mma_sparse<T, 0>(sums[b][t], a[b][0], low, metadata[b]);
          mma_sparse<T, 1>(sums[b][t], a[b][1], high, metadata[b]);
        } else {
          mma_dense<T>(sums[b][t], a[b][0], low[0], low[1]);
          mma_dense<T>(sums[b][t], a[b][1], low[2], low[3]);
        }
      }
    }
    barrier_arrive_after_reads(ring.empty(slot.index), lane, read);
    slot.advance(C::kSlices);
  }
  if (p.splits > 1) cluster_wait();  // all CTAs are there to receive
  Shares<C>(p, ring, work, slice).template send<kBlocks>(block, 1, [&](int b, int t) {
    const float(&quad)[4] = sums[b][t];
    return make_float4(quad[0], quad[1], quad[2], quad[3]);
  });
}

}  // namespace tvw::kernels::cuda::decode
