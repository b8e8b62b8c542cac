/// @file A consumer by wgmma.
#pragma once

#include "kernels/cuda/common/stage_multiplier.cuh"
#include "kernels/cuda/decode/results.cuh"

namespace tvw::kernels::cuda::decode {

/// One warp of two consumer warpgroups: half of the features for all tokens, every step. Sums are
/// sent once no CTA of the cluster reads its ring any more, as they are received there.
template <class C, class T>
__device__ __forceinline__ void consume_by_wgmma(const Params& p, const Ring<C>& ring,
                                                 const Work<C>& work, int warp, int lane) {
  const int group = warp / 4;
  float sums[C::kBlocks][C::kTokenBlocks * 4];
  if (work.steps == 0) {
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < C::kTokenBlocks * 4; ++i) sums[b][i] = 0.0f;
    }
  } else {
    StageMultiplier<C, T, Ring<C>, Slot<C>>(ring, group * C::kBlocks, warp % 4, lane)
        .template multiply<C::kTokenBlocks * 8>(work.steps, sums);
  }
  if (p.splits > 1) {
    cluster_arrive();
    cluster_wait();
  } else {
    named_barrier_sync(1, 32 * C::kConsumerWarps);
  }
  const int first = group * C::kBlocks * 4 + warp % 4;  // a warp has 16 of 64 features
  Shares<C>(p, ring, work, 0).template send<C::kBlocks>(first, 4, [&](int b, int t) {
    const float* quad = sums[b] + t * 4;
    return make_float4(quad[0], quad[1], quad[2], quad[3]);
  });
}

}  // namespace tvw::kernels::cuda::decode
