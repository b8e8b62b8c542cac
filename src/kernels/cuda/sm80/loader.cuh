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
        piece_(thread % kPieces),
        row_(thread / kPieces),
        row_at_(row_ * C::kRowBytes + (piece_ ^ (row_ & 7)) * 16),
        thread_at_(thread * 16),
        row_stride_(static_cast<uint32_t>(p.ld * 2)),
        items_(begin) {
    enter_item();
  }

  /// Starts the copies of the next stage, if there is one, once its slot is free; does not wait for
  /// them.
  __device__ __forceinline__ void load_stage() {
    if (left_ == 0) return;
    barrier_wait(ring_.empty(slot_.index), slot_.parity);
    copy_weights(ring_.weights(slot_.index) + thread_at_);
    copy_rows(ring_.activations(slot_.index));
    barrier_arrive_after_copies(ring_.full(slot_.index));
    slot_.advance(ring_.stages);
    if (--left_ == 0) {
      enter_item();
    } else {
      weights_ += C::kWeightBytes;
      rows_ += C::kStageRows;
      read_ids();
    }
  }

 private:
  static constexpr int kPieces = C::kRowBytes / 16;  // of a row
  static constexpr int kRowsAtOnce = C::kThreads / kPieces;
  static constexpr int kRows = C::kStageRows / kRowsAtOnce;  // of a stage, for this thread
  static_assert(C::kThreads % kPieces == 0 && C::kStageRows % kRowsAtOnce == 0);

  /// The next item that has stages, or none: nothing is left.
  __device__ __forceinline__ void enter_item() {
    Item item = items_.take();
    while (item.stages == 0 && !is_end(item)) item = items_.take();
    left_ = is_end(item) ? 0 : item.stages;
    if (left_ == 0) return;
    // Behind the last token, its piece once more: what comes of it is not stored.
    const int token = min(first_token(item.token_width) + piece_ * 8, (p_.M - 1) & ~7);
    x_ = reinterpret_cast<const uint8_t*>(p_.x + token);
    weights_ = p_.weights + static_cast<int64_t>(item.first_stage) * C::kWeightBytes + thread_at_;
    rows_ = p_.rows + static_cast<int64_t>(item.first_stage) * C::kStageRows + row_;
    read_ids();
  }

  /// Of the rows of the next stage, a stage before they are needed.
  __device__ __forceinline__ void read_ids() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      ids_[i] = static_cast<uint32_t>(__ldg(rows_ + i * kRowsAtOnce));
    }
  }

  __device__ __forceinline__ void copy_weights(uint32_t to) const {
    constexpr int kAtOnce = C::kThreads * 16;
#pragma unroll
    for (int i = 0; i < C::kWeightBytes; i += kAtOnce) {
      if (i + kAtOnce <= C::kWeightBytes || thread_at_ < C::kWeightBytes - i) {
        copy_piece<16>(to + i, weights_ + i);
      }
    }
  }

  __device__ __forceinline__ void copy_rows(uint32_t to) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int row = row_ + i * kRowsAtOnce;
      // The swizzle repeats after eight rows.
      const int at = kRowsAtOnce % 8 == 0 ? row_at_ + i * kRowsAtOnce * C::kRowBytes
                                          : row * C::kRowBytes + (piece_ ^ (row & 7)) * 16;
      copy_16(to + at, x_ + uint64_t{ids_[i]} * row_stride_);
    }
  }

  const Params& p_;
  const Ring<C>& ring_;
  int piece_, row_;
  int row_at_;           ///< of this thread's first row and piece, in the activations of a stage
  int thread_at_;        ///< in the weights of a stage
  uint32_t row_stride_;  ///< bytes from one row of x to the next
  ItemList items_;
  Slot slot_{0, 1};
  // Of the current item.
  int left_ = 0;                      ///< stages
  const uint8_t* x_ = nullptr;        ///< at its first token
  const uint8_t* weights_ = nullptr;  ///< of its next stage
  const int32_t* rows_ = nullptr;
  uint32_t ids_[kRows] = {};
};

}  // namespace tvw::kernels::cuda::sm80
