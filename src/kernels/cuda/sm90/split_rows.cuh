/// @file Output tiles whose kept rows are split over the CTAs of a cluster: adding up their sums.
///
/// For problems of fewer output tiles than there are SMs. Every CTA of the cluster multiplies its
/// share of the tile's stages, then each adds up and stores a share of the tile's tokens: it reads
/// the other CTAs' sums of these from their shared memory, always in the same order, so results are
/// reproducible. (Sending them there from registers, by st.async or st.shared::cluster, was slower:
/// it has to wait until the receiver's ring is free, and about 20 GB/s per SM limit both ways.)
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/sm90/ring.cuh"
#include "kernels/cuda/sm90/tile_gemm.hpp"

namespace tvw::kernels::cuda::sm90 {

/// Some tokens of an output tile; multiples of 8.
struct TokenRange {
  int first;
  int end;
};

/// What a CTA of a cluster adds up: groups of eight tokens, the last CTAs fewer or none.
template <class C, int kTokens>
struct TokenShare {
  static constexpr int kEights = kTokens / 8;
  static constexpr int kThreads = 32 * C::kConsumerWarps;
  static constexpr int kBlockBytes = kThreads * 16;

  int most;  ///< eights of any CTA
  int first;
  int count;

  __device__ __forceinline__ TokenShare(int rank, int splits)
      : most((kEights + splits - 1) / splits),
        first(min(rank * most, kEights)),
        count(min(most, kEights - first)) {}

  /// Where in the ring a thread leaves its sums of an eight for the CTA that adds them up: four
  /// numbers of a block at `thread` * 16, blocks kBlockBytes apart.
  [[nodiscard]] static __device__ __forceinline__ int place(int eight) {
    return eight * C::kBlocks * kBlockBytes;
  }
  static_assert(kEights * C::kBlocks * kBlockBytes <= C::kBarriersAt, "they fit in the ring");
};

/// The sums of a cluster's `splits` CTAs, of which this thread has `sums`: complete for the tokens
/// that are returned. By all consumers, after the last stage that they multiply; each calls
/// cluster_wait() before it ends.
template <int kTokens, class C>
__device__ __forceinline__ TokenRange add_up(const Ring<C>& ring, int splits,
                                             float (&sums)[C::kBlocks][kTokens / 2]) {
  using Share = TokenShare<C, kTokens>;
  const int rank = static_cast<int>(blockIdx.x) % splits;
  const Share share(rank, splits);
  const uint32_t mine = ring.base + threadIdx.x * 16;
  const auto is_ours = [&](int eight) {
    return eight >= share.first && eight < share.first + share.count;
  };
  named_barrier_sync(1, Share::kThreads);  // nobody multiplies from the ring any more
#pragma unroll
  for (int eight = 0; eight < Share::kEights; ++eight) {
    if (is_ours(eight)) continue;
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
      const float* s = sums[b] + eight * 4;
      store_shared(mine + Share::place(eight) + b * Share::kBlockBytes,
                   make_float4(s[0], s[1], s[2], s[3]));
    }
  }
  cluster_arrive();
  cluster_wait();
#pragma unroll
  for (int eight = 0; eight < Share::kEights; ++eight) {
    if (!is_ours(eight)) continue;
#pragma unroll 4
    for (int other = 1; other < splits; ++other) {
      const int source = rank + other < splits ? rank + other : rank + other - splits;
      const uint32_t theirs = remote_address(mine + Share::place(eight), source);
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
        const float4 v = load_remote_128(theirs + b * Share::kBlockBytes);
        float* s = sums[b] + eight * 4;
        s[0] += v.x;
        s[1] += v.y;
        s[2] += v.z;
        s[3] += v.w;
      }
    }
  }
  cluster_arrive();
  return {8 * share.first, 8 * (share.first + share.count)};
}

}  // namespace tvw::kernels::cuda::sm90
