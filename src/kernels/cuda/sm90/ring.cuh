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
};

}  // namespace tvw::kernels::cuda::sm90
