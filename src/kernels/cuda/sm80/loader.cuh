/// @file One thread's part of filling the ring: weights and gathered rows.
#pragma once

#include "kernels/cuda/sm80/ring.cuh"
#include "kernels/cuda/sm80/tile_gemm.hpp"

namespace tvw::kernels::cuda::sm80 {

/// Walks through the stages of a CTA's items ahead of the multiplication, across tiles. All threads
/// of the CTA load every stage together.
template <class C>
class Loader {
 public:
  __device__ __forceinline__ Loader(const Params& p, const Ring<C>& ring, const Item* begin,
                                    int thread)
      : p_(p),
        ring_(ring),
        thread_(thread),
        piece_(thread % kPieces),
        row_(thread / kPieces),
        walk_(begin, 0) {
    read_ids();
  }

  /// Starts the copies of the next stage, if there is one, once its slot is free; does not wait for
  /// them.
  __device__ __forceinline__ void load_stage() {
    if (walk_.done()) return;
    barrier_wait(ring_.empty(slot_.index), slot_.parity);
    copy_weights(walk_.current.first_stage + walk_.stage, ring_.weights(slot_.index));
    copy_rows(first_token(walk_.current.token_width), ring_.activations(slot_.index));
    barrier_arrive_after_copies(ring_.full(slot_.index));
    slot_.advance(ring_.stages);
    walk_.advance(1);
    read_ids();
  }

 private:
  static constexpr int kPieces = C::kRowBytes / 16;  // of a row
  static constexpr int kRowsAtOnce = C::kThreads / kPieces;
  static constexpr int kRows = C::kStageRows / kRowsAtOnce;  // of a stage, for this thread
  static_assert(C::kThreads % kPieces == 0 && C::kStageRows % kRowsAtOnce == 0);

  /// Of the rows of the next stage, a stage before they are needed.
  __device__ __forceinline__ void read_ids() {
    if (walk_.done()) return;
    const int32_t* from =
        p_.rows + static_cast<int64_t>(walk_.current.first_stage + walk_.stage) * C::kStageRows;
#pragma unroll
    for (int i = 0; i < kRows; ++i) ids_[i] = __ldg(from + i * kRowsAtOnce + row_);
  }

  __device__ __forceinline__ void copy_weights(int stage, uint32_t to) const {
    const uint8_t* from = p_.weights + static_cast<int64_t>(stage) * C::kWeightBytes;
#pragma unroll
    for (int i = 0; i < C::kWeightBytes; i += C::kThreads * 16) {
      const int at = i + thread_ * 16;
      if (i + C::kThreads * 16 <= C::kWeightBytes || at < C::kWeightBytes) {
        copy_piece<16>(to + at, from + at);
      }
    }
  }

  __device__ __forceinline__ void copy_rows(int token, uint32_t to) const {
    const uint32_t bytes = token + piece_ * 8 < p_.M ? 16u : 0u;
    const uint16_t* x = p_.x + token + piece_ * 8;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int row = i * kRowsAtOnce + row_;
      copy_16(to + row * C::kRowBytes + (piece_ ^ (row & 7)) * 16,
              x + static_cast<int64_t>(ids_[i]) * p_.ld, bytes);
    }
  }

  const Params& p_;
  const Ring<C>& ring_;
  int thread_, piece_, row_;
  StageWalk walk_;
  Slot slot_{0, 1};
  int ids_[kRows];
};

}  // namespace tvw::kernels::cuda::sm80
