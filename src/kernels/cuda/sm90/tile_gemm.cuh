/// @file C^T = B^T A^T over tiles of features that share gathered rows, on Hopper (sm_90a).
///
/// Activations and results are feature-major: X [K, ld], Y [N, ld], 16-bit, ld a multiple of 8.
/// Every output tile is F features (columns of B, scattered to their rows of Y) x W tokens, summed
/// over the tile's kept rows in f32 (arXiv 2402.10876, section V, on wgmma instead of mma).
///
/// Roles: gather warps copy kept rows of X (16 bytes a lane, cp.async) and the stage's weights (a
/// bulk copy; those of the first stages a thread that has nothing else to do) into a ring of
/// stages; two consumer warpgroups multiply and store, each its half of every tile or every other
/// tile; a relay thread hands what cp.async wrote on to them. Where there are few output tiles, the
/// CTAs of a cluster share each (split_rows.cuh).
/// Barriers of a ring slot: `landed` gathered rows are there; `full` all of the stage is there,
/// visible to wgmma; `empty` the consumers are done with it.
///
/// Layout of a slot: activations as wgmma's MN-major operand with 128-byte swizzle: columns of 64
/// tokens; in a column row r has 128 bytes at r * 128, its 16-byte piece c at place c ^ (r & 7).
/// Weights as in weights/stage_order.hpp.
#pragma once

#include "kernels/cuda/sm90/consumer.cuh"
#include "kernels/cuda/sm90/gather.cuh"

namespace tvw::kernels::cuda::sm90 {

/// kFinish: with bias and activation. Two kernels, as the code for the latter is large.
template <class C, class T, bool kFinish>
__global__ void __launch_bounds__(C::kThreads, 1) tile_gemm(const Params p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  const Ring<C> ring{kept(shared_address(memory))};
  const int warp = uniform_warp(), lane = threadIdx.x % 32;
  const Item* begin = p.items + blockIdx.x;
  launch_dependents();
  const int group = warp / 4;
  if (group < C::kConsumers) {
    take_registers<C::kConsumerRegisters>();
    wait_for_ring<C>();
    Consumer<C, T, kFinish>(p, ring, group, warp % 4, lane).run(begin);
  } else {
    const int producer = warp - C::kConsumerWarps;
    if (producer == C::kRelayWarp && lane == 0) init_barriers<C>(ring);
    const Item coming = load_item(begin);  // while registers are dealt
    prefetch(begin + gridDim.x);
    give_registers<C::kProducerRegisters>();
    wait_for_ring<C>();
    const Item first = kept(coming);  // not waited for any sooner
    if (producer < C::kGatherWarps) {
      gather_role<C>(p, ring, begin, first, producer, lane);
    } else {
      if (producer == C::kStartWarp && lane == 0) start_weights_role<C>(p, ring, first);
      if (producer == C::kRelayWarp && lane == 0) relay_role<C>(ring, ItemList(begin, first));
    }
  }
}

}  // namespace tvw::kernels::cuda::sm90
