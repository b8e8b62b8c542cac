/// @file A warp that fills the ring: weights and gathered rows of every kLoaders-th stage.
#pragma once

#include "kernels/cuda/sm80/ring.cuh"
#include "kernels/cuda/sm80/tile_gemm.hpp"

namespace tvw::kernels::cuda::sm80 {

template <class C>
class Loader {
 public:
  __device__ __forceinline__ Loader(const Params& p, const Ring<C>& ring, int lane)
      : p_(p), ring_(ring), lane_(lane), piece_(lane % kPieces), row_(lane / kPieces) {}

  /// Row ids are read two of its stages ahead; it never waits for data.
  __device__ __forceinline__ void run(const Item* begin, int warp) {
    StageWalk walk(begin, warp), ahead(begin, warp);
    Slot slot{warp, 1};
    Ids even, odd;
    read_ids(ahead, even);
    read_ids(ahead, odd);
    while (!walk.done()) {
      stage(walk, slot, ahead, even);
      if (walk.done()) break;
      stage(walk, slot, ahead, odd);
    }
    wait_all_copies();
  }

 private:
  static constexpr int kPieces = C::kRowBytes / 16;  // of a row
  static constexpr int kRowsAtOnce = 32 / kPieces;
  static constexpr int kRowWords = C::kStageRows / 32;
  using Ids = int[kRowWords];  ///< of a stage's rows, spread over the lanes

  __device__ __forceinline__ void read_ids(StageWalk& ahead, Ids& ids) const {
    if (ahead.done()) return;
    const int32_t* from =
        p_.rows + static_cast<int64_t>(ahead.current.first_stage + ahead.stage) * C::kStageRows;
#pragma unroll
    for (int i = 0; i < kRowWords; ++i) ids[i] = __ldg(from + i * 32 + lane_);
    ahead.advance(C::kLoaders);
  }

  __device__ __forceinline__ void stage(StageWalk& walk, Slot& slot, StageWalk& ahead,
                                        Ids& ids) const {
    barrier_wait(ring_.empty(slot.index), slot.parity);
    copy_weights(walk.current.first_stage + walk.stage, ring_.weights(slot.index));
    copy_rows(first_token(walk.current), ids, ring_.activations(slot.index));
    barrier_arrive_after_copies(ring_.full(slot.index));
    read_ids(ahead, ids);
    slot.advance(C::kLoaders, ring_.stages);
    walk.advance(C::kLoaders);
  }

  __device__ __forceinline__ void copy_weights(int stage, uint32_t to) const {
    const uint8_t* from = p_.weights + static_cast<int64_t>(stage) * C::kWeightBytes + lane_ * 16;
    static_assert(C::kWeightBytes % 512 == 0);
#pragma unroll
    for (int i = 0; i < C::kWeightBytes; i += 512) copy_piece<16>(to + i + lane_ * 16, from + i);
  }

  __device__ __forceinline__ void copy_rows(int token, const Ids& ids, uint32_t to) const {
    const uint32_t bytes = token + piece_ * 8 < p_.M ? 16u : 0u;
    const uint16_t* x = p_.x + token + piece_ * 8;
#pragma unroll
    for (int i = 0; i < C::kStageRows; i += kRowsAtOnce) {
      const int row = i + row_;
      const int k = __shfl_sync(~0u, ids[i / 32], row % 32);
      copy_16(to + row * C::kRowBytes + (piece_ ^ (row & 7)) * 16,
              x + static_cast<int64_t>(k) * p_.ld, bytes);
    }
  }

  const Params& p_;
  const Ring<C>& ring_;
  int lane_, piece_, row_;
};

}  // namespace tvw::kernels::cuda::sm80
