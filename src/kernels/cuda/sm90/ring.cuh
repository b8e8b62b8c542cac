/// @file The ring of stages in shared memory, and how a role walks through a CTA's work.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/sm90/items.hpp"
#include "kernels/cuda/sm90/tiling.hpp"

namespace tvw::kernels::cuda::sm90 {

__device__ __forceinline__ int first_token(const Item& item) { return (item.token_width >> 8) * 8; }
__device__ __forceinline__ int width_of(const Item& item) { return (item.token_width & 0xFF) * 8; }

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
  __device__ __forceinline__ uint32_t patch(int warp) const {
    return base + C::kPatchesAt + warp * C::kPatchBytes;
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

__device__ __forceinline__ Item load_item(const Item* from) {
  const int4 v = __ldg(reinterpret_cast<const int4*>(from));
  return {v.x, v.y, v.z, v.w};
}
/// A CTA's items end with one of no width; they lie a grid apart.
__device__ __forceinline__ bool is_end(const Item& item) { return item.token_width == 0; }
__device__ __forceinline__ const Item* next(const Item* item) { return item + gridDim.x; }

/// Walks through the stages of a CTA's items, some at a time.
struct StageWalk {
  const Item* item;
  Item current;
  int stage;  ///< of the current item

  __device__ __forceinline__ StageWalk(const Item* begin, int first)
      : item(begin), current(load_item(begin)), stage(first) {
    settle();
  }
  [[nodiscard]] __device__ __forceinline__ bool done() const { return is_end(current); }
  __device__ __forceinline__ void advance(int step) {
    stage += step;
    settle();
  }

 private:
  __device__ __forceinline__ void settle() {
    while (stage >= current.stages && !is_end(current)) {
      stage -= current.stages;
      item = next(item);
      current = load_item(item);
    }
  }
};

}  // namespace tvw::kernels::cuda::sm90
