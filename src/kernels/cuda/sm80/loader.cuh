/// @file Copies of weights, row ids and gathered rows into the ring, by all threads of a CTA.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/sm80/tile_gemm.hpp"
#include "kernels/cuda/sm80/tiling.hpp"

namespace tvw::kernels::cuda::sm80 {

/// The steps of one tile for one block of tokens. Row r of a step has its 16-byte piece c at
/// r * kRowBytes + (c ^ (r & 7)) * 16, so that eight rows of one piece lie in different banks.
template <class C>
class Loader {
 public:
  __device__ __forceinline__ Loader(const Params& p, uint32_t memory, int first_step, int steps,
                                    int token)
      : p_(p), memory_(memory), first_step_(first_step), steps_(steps) {
    piece_ = threadIdx.x % kPieces;
    row_ = threadIdx.x / kPieces;
    x_ = p.x + token + piece_ * 8;
    bytes_ = token + piece_ * 8 < p.M ? 16u : 0u;
  }

  /// Ids of a step's rows; a step past the end has none.
  __device__ __forceinline__ void load_ids(int step) const {
    if (step >= steps_ || threadIdx.x >= C::kIdBytes / 16) return;
    copy_piece<16>(
        ids(step) + threadIdx.x * 16,
        p_.rows + static_cast<int64_t>(first_step_ + step) * C::kStepRows + threadIdx.x * 4);
  }

  /// Weights and rows of a step, whose ids have landed.
  __device__ __forceinline__ void load(int step) const {
    if (step >= steps_) return;
    const int slot = step % C::kStages;
    load_weights(step, slot);
    load_rows(step, slot);
  }

  __device__ __forceinline__ uint32_t weights(int slot) const {
    return memory_ + slot * C::kWeightBytes;
  }
  __device__ __forceinline__ uint32_t activations(int slot) const {
    return memory_ + C::kActivationsAt + slot * C::kActivationBytes;
  }

 private:
  static constexpr int kPieces = C::kRowBytes / 16;  // of a row
  static constexpr int kRowsAtOnce = C::kThreads / kPieces;
  static_assert(C::kThreads % kPieces == 0 && C::kStepRows % kRowsAtOnce == 0);

  __device__ __forceinline__ uint32_t ids(int step) const {
    return memory_ + C::kIdsAt + step % C::kIdStages * C::kIdBytes;
  }

  __device__ __forceinline__ void load_weights(int step, int slot) const {
    const uint8_t* from = p_.weights + static_cast<int64_t>(first_step_ + step) * C::kWeightBytes;
#pragma unroll
    for (int i = 0; i < C::kWeightBytes / 16; i += C::kThreads) {
      const int at = i + threadIdx.x;
      if (C::kWeightBytes / 16 % C::kThreads != 0 && at >= C::kWeightBytes / 16) break;
      copy_piece<16>(weights(slot) + at * 16, from + at * 16);
    }
  }

  __device__ __forceinline__ void load_rows(int step, int slot) const {
    const uint32_t from = ids(step);
    const uint32_t to = activations(slot);
#pragma unroll
    for (int i = 0; i < C::kStepRows; i += kRowsAtOnce) {
      const int row = i + row_;
      const int k = static_cast<int>(load_shared_32(from + row * 4));
      copy_16(to + row * C::kRowBytes + (piece_ ^ (row & 7)) * 16,
              x_ + static_cast<int64_t>(k) * p_.ld, bytes_);
    }
  }

  const Params& p_;
  uint32_t memory_;
  int first_step_, steps_;
  int piece_, row_;
  const uint16_t* x_;
  uint32_t bytes_;
};

}  // namespace tvw::kernels::cuda::sm80
