/// @file Handing what landed in shared memory on to wgmma.
#pragma once

#include "kernels/cuda/common/ptx.cuh"

namespace tvw::kernels::cuda {

/// What cp.async or a store wrote to a slot must be fenced before wgmma reads it, and the fence
/// waits for all copies of its thread. So one thread that has none calls this for every slot in
/// turn, and neither producers nor consumers wait for copies. (Two threads that take turns could
/// miss a phase: a barrier's parity tells a phase from the one before, not from the one before
/// that.) `Ring` knows the addresses of a slot's barriers landed and full.
template <class Ring, class Slot>
__device__ __forceinline__ void hand_on(const Ring& ring, const Slot& slot) {
  barrier_wait(ring.landed(slot.index), slot.parity);
  fence_for_async_proxy();
  barrier_arrive(ring.full(slot.index));
}

}  // namespace tvw::kernels::cuda
