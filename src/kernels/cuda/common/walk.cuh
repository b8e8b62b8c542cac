/// @file How a role of a kernel walks through a CTA's items and their stages.
#pragma once

#include <cstdint>

#include "kernels/cuda/common/items.hpp"
#include "kernels/cuda/common/ptx.cuh"

namespace tvw::kernels::cuda {

__device__ __forceinline__ int first_token(int token_width) { return (token_width >> 8) * 8; }
__device__ __forceinline__ int width_of(int token_width) { return (token_width & 0xFF) * 8; }

__device__ __forceinline__ Item load_item(const Item* from) {
  const int4 v = __ldg(reinterpret_cast<const int4*>(from));
  return {v.x, v.y, v.z, v.w};
}
__device__ __forceinline__ Item kept(const Item& item) {
  return {kept(item.first_stage), kept(item.stages), kept(item.tile), kept(item.token_width)};
}
/// A CTA's items end with one of no width; they lie a grid apart.
__device__ __forceinline__ bool is_end(const Item& item) { return item.token_width == 0; }

/// A CTA's items in order, each read while the one before is worked on.
class ItemList {
 public:
  __device__ __forceinline__ explicit ItemList(const Item* begin)
      : ItemList(begin, load_item(begin)) {}
  /// Of which the first is here already.
  __device__ __forceinline__ ItemList(const Item* begin, const Item& first)
      : at_(begin), following_(first) {}
  /// The end again and again once it is reached.
  __device__ __forceinline__ Item take() {
    // Copied away, so that the one to come can be loaded where it will stay: nobody waits for it.
    const Item item = kept(following_);
    if (!is_end(item)) {
      at_ += gridDim.x;
      following_ = load_item(at_);
    }
    return item;
  }
  /// Of the item to come.
  [[nodiscard]] __device__ __forceinline__ int following_stages() const {
    return following_.stages;
  }
  [[nodiscard]] __device__ __forceinline__ bool at_end() const { return is_end(following_); }

 private:
  const Item* at_;
  Item following_;
};

/// Walks through the stages of a CTA's items, some at a time.
struct StageWalk {
  ItemList items;
  Item current;
  int stage;  ///< of the current item

  __device__ __forceinline__ StageWalk(const ItemList& list, int first)
      : items(list), current(items.take()), stage(first) {
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
      current = items.take();
    }
  }
};

}  // namespace tvw::kernels::cuda
