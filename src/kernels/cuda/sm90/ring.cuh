/// @file The ring of stages in shared memory.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/common/walk.cuh"
#include "kernels/cuda/sm90/tiling.hpp"

namespace tvw::kernels::cuda::sm90 {

/// The ring as one role sees it: which slot is next and which phase it is in.
template <class C>
struct Slot {
  int index;
  uint32_t parity;
  __device__ __forceinline__ void advance(int by) {
    index += by;
    if (index >= C::kStages) {
      index -= C::kStages;
      parity ^= 1;
    }
  }
  /// Any number of slots on.
  __device__ __forceinline__ void skip(int count) {
    const int rounds = (index + count) / C::kStages;
    index += count - rounds * C::kStages;
    parity ^= static_cast<uint32_t>(rounds & 1);
  }
};

/// Addresses in shared memory.
template <class C>
struct Ring {
  uint32_t base;
  __device__ __forceinline__ uint32_t activations(int slot) const {
    return base + slot * C::kActivationBytes;
  }
  __device__ __forceinline__ uint32_t weights(int slot) const {
    return base + C::kWeightsAt + slot * C::kWeightBytes;
  }
  __device__ __forceinline__ uint32_t full(int slot) const {
    return base + C::kBarriersAt + slot * 8;
  }
  __device__ __forceinline__ uint32_t empty(int slot) const {
    return base + C::kBarriersAt + (C::kStages + slot) * 8;
  }
  __device__ __forceinline__ uint32_t landed(int slot) const {
    return base + C::kBarriersAt + (2 * C::kStages + slot) * 8;
  }
  /// Of the first kTeams slots, whose first rows are copied by all teams.
  __device__ __forceinline__ uint32_t started(int slot) const {
    return base + C::kBarriersAt + (3 * C::kStages + slot) * 8;
  }
};

/// By one thread: a barrier is addressed by a uniform register, which lanes would take in turns.
template <class C>
__device__ __forceinline__ void init_barriers(const Ring<C>& ring) {
#pragma unroll
  for (int slot = 0; slot < C::kStages; ++slot) {
    barrier_init(ring.full(slot), 2);  // relay; weights
    barrier_init(ring.landed(slot), 32 * C::kGatherTeam);
    barrier_init(ring.empty(slot), kWarpArrivals * C::kWarpsPerStage);
    if (slot < C::kTeams) barrier_init(ring.started(slot), 32 * C::kStageBlocks);
  }
  barrier_init_done();
}
/// Every warp of the CTA waits once until the ring's barriers are there. All wait for all: none may
/// wait for anything else before.
template <class C>
__device__ __forceinline__ void wait_for_ring() {
  named_barrier_sync(0, C::kThreads);
}

}  // namespace tvw::kernels::cuda::sm90
