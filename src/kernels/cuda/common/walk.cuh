/// @file How a role of a kernel walks through a CTA's items and their stages.
#pragma once

#include <cstdint>

#include "kernels/cuda/common/items.hpp"

namespace tvw::kernels::cuda {

__device__ __forceinline__ int first_token(const Item& item) { return (item.token_width >> 8) * 8; }
__device__ __forceinline__ int width_of(const Item& item) { return (item.token_width & 0xFF) * 8; }

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

}  // namespace tvw::kernels::cuda
