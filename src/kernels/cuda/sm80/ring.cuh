/// @file The ring of stages in shared memory.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/common/walk.cuh"
#include "kernels/cuda/sm80/tiling.hpp"

namespace tvw::kernels::cuda::sm80 {

/// Addresses in shared memory. Barriers of a slot: `full` all of the stage is there; `empty` all
/// warps are done with it.
template <class C>
struct Ring {
  uint32_t base;
  int stages;

  __device__ __forceinline__ uint32_t weights(int slot) const {
    return base + C::kStagesAt + slot * C::kStageBytes;
  }
  /// Row r has its 16-byte piece c at r * kRowBytes + (c ^ (r & 7)) * 16, so that eight rows of one
  /// piece lie in different banks.
  __device__ __forceinline__ uint32_t activations(int slot) const {
    return weights(slot) + C::kWeightBytes;
  }
  __device__ __forceinline__ uint32_t full(int slot) const { return base + slot * 8; }
  __device__ __forceinline__ uint32_t empty(int slot) const {
    return base + (C::kMostStages + slot) * 8;
  }
};

/// The ring as one role sees it: which slot is next and which phase it is in.
struct Slot {
  int index;
  uint32_t parity;
  __device__ __forceinline__ void advance(int stages) {
    if (++index == stages) {
      index = 0;
      parity ^= 1;
    }
  }
};

}  // namespace tvw::kernels::cuda::sm80
