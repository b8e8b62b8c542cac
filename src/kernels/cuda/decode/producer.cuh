/// @file Filling the ring: weights by bulk copies, the activations' kept rows one by one.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/common/relay.cuh"
#include "kernels/cuda/decode/decode_gemm.hpp"
#include "kernels/cuda/decode/tiling.cuh"

namespace tvw::kernels::cuda::decode {

/// One of the producer warps; each takes every kProducerWarps-th step.
template <class C>
class Producer {
 public:
  __device__ __forceinline__ Producer(const Params& p, const Ring<C>& ring, const Work<C>& work,
                                      int warp, int lane)
      : p_(p), ring_(ring), work_(work), warp_(warp), lane_(lane) {}

  __device__ __forceinline__ void run() {
    // Weights and row ids are nobody's results: as many as the ring holds before the wait.
    for (int step = warp_; step < min(work_.steps, C::kSlots); step += C::kProducerWarps) {
      copy_weights(step, step);
    }
    if constexpr (C::kTokenBlocks == 1) {
      if (p_.through_registers) {
        switch (p_.M) {
          case 1:
            return run_whole_rows<uint16_t>();
          case 2:
            return run_whole_rows<uint32_t>();
          case 4:
            return run_whole_rows<uint2>();
          default:
            return run_whole_rows<uint4>();
        }
      }
    }
    Ids now, next;
    load_ids(warp_, now);
    wait_for_previous_kernel();
    Slot<C> slot{warp_, 1};
    for (int step = warp_; step < work_.steps; step += C::kProducerWarps) {
      load_ids(step + C::kProducerWarps, next);
      if (step >= C::kSlots) {
        barrier_wait(ring_.empty(slot.index), slot.parity);
        copy_weights(step, slot.index);
      }
      copy_rows(now, slot.index);
      if (p_.piece_bytes > 2) {
        barrier_arrive_after_copies(ring_.landed(slot.index));
      } else {
        barrier_arrive(ring_.landed(slot.index));
      }
#pragma unroll
      for (int i = 0; i < kRowWords; ++i) now[i] = next[i];
      slot.advance(C::kProducerWarps);
    }
    wait_all_copies();
  }

 private:
  static constexpr int kRowWords = C::kStepRows / 32;
  using Ids = int[kRowWords];  ///< of a step's rows, spread over the lanes

  __device__ __forceinline__ void copy_weights(int step, int slot) const {
    if (lane_ != 0) return;
    const int64_t block =
        static_cast<int64_t>(work_.first_step + step) * p_.blocks_per_tile + work_.first_block;
    barrier_expect(ring_.full(slot), C::kWeightBytes);
    copy_bulk(ring_.weights(slot), p_.weights + block * C::kFragmentBytes, C::kWeightBytes,
              ring_.full(slot));
  }

  __device__ __forceinline__ void load_ids(int step, Ids& ids) const {
    if (step >= work_.steps) return;
    const int32_t* from =
        p_.rows + static_cast<int64_t>(work_.first_step + step) * C::kStepRows + lane_;
#pragma unroll
    for (int i = 0; i < kRowWords; ++i) ids[i] = __ldg(from + 32 * i);
  }

  __device__ __forceinline__ void copy_rows(const Ids& ids, int slot) const {
    const uint32_t to = ring_.activations(slot);
    switch (p_.piece_bytes) {
      case 16:
        copy_pieces<16>(ids, to);
        break;
      case 8:
        copy_pieces<8>(ids, to);
        break;
      case 4:
        copy_pieces<4>(ids, to);
        break;
      default:
        copy_elements(ids, to);
        break;
    }
  }

  /// Rows that are one piece, 1, 2, 4 or 8 tokens, through registers. So that no step waits for the
  /// one before it, those of kAhead steps are on their way at a time; or all of x comes first.
  template <class Row>
  __device__ __forceinline__ void run_whole_rows() const {
    constexpr int kAhead = (sizeof(Row) == 16 ? 4 : 8) / kRowWords;
    Row rows[kAhead][kRowWords];
    Ids ids[kAhead];
    Slot<C> slot{warp_, 1};
    for (int first = warp_; first < work_.steps; first += kAhead * C::kProducerWarps) {
#pragma unroll
      for (int i = 0; i < kAhead; ++i) load_ids(first + i * C::kProducerWarps, ids[i]);
      if (first == warp_) {
        wait_for_previous_kernel();
        if (p_.staged_bytes > 0) stage();
      }
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        if (first + i * C::kProducerWarps >= work_.steps) break;
#pragma unroll
        for (int j = 0; j < kRowWords; ++j) rows[i][j] = whole_row<Row>(ids[i][j] * p_.x_row);
      }
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const int step = first + i * C::kProducerWarps;
        if (step >= work_.steps) break;
        if (step >= C::kSlots) {
          barrier_wait(ring_.empty(slot.index), slot.parity);
          copy_weights(step, slot.index);
        }
        const uint32_t to = ring_.activations(slot.index);
#pragma unroll
        for (int j = 0; j < kRowWords; ++j) {
          store_shared(place(to, j * 32 + lane_, 0), rows[i][j]);
        }
        barrier_arrive(ring_.landed(slot.index));
        slot.advance(C::kProducerWarps);
      }
    }
  }

  __device__ __forceinline__ void stage() const {
    if (warp_ == 0 && lane_ == 0) {
      barrier_expect(ring_.staged(), static_cast<uint32_t>(p_.staged_bytes));
      copy_bulk(ring_.base + C::kStagedAt, p_.x, static_cast<uint32_t>(p_.staged_bytes),
                ring_.staged());
    }
    barrier_wait(ring_.staged(), 0);
  }

  template <class Row>
  __device__ __forceinline__ Row whole_row(int64_t at) const {
    if constexpr (sizeof(Row) == 2) {
      if (p_.staged_bytes > 0) {
        return load_shared_16(ring_.base + C::kStagedAt + static_cast<uint32_t>(at) * 2);
      }
    }
    return __ldcg(reinterpret_cast<const Row*>(p_.x + at));
  }

  /// Tokens past M stay what they are: they only reach results that nobody stores.
  template <int kBytes>
  __device__ __forceinline__ void copy_pieces(const Ids& ids, uint32_t to) const {
    constexpr int kInBlock = 16 / kBytes;
    // Of a row. 8 bytes at a time in a single block of tokens: there are 4 of them.
    constexpr int kPieces = C::kTokenBlocks == 1 && kBytes == 8 ? 1 : C::kTokenBlocks * kInBlock;
#pragma unroll
    for (int i = 0; i < C::kStepRows * kPieces / 32; ++i) {
      const int id = i * 32 + lane_, row = id / kPieces, piece = id % kPieces;
      const int k = __shfl_sync(~0u, ids[i / kPieces], row % 32);
      const int token = piece * (kBytes / 2);
      if (token >= p_.M) continue;
      copy_piece<kBytes>(place(to, row, piece / kInBlock) + piece % kInBlock * kBytes,
                         p_.x + static_cast<int64_t>(k) * p_.x_row + token);
    }
  }

  __device__ __forceinline__ void copy_elements(const Ids& ids, uint32_t to) const {
    constexpr int kBatch = 4;  // in flight
    const int all = C::kStepRows * p_.M;
    for (int base = lane_; base < all; base += 32 * kBatch) {
      uint16_t values[kBatch];
#pragma unroll
      for (int j = 0; j < kBatch; ++j) {
        const int id = base + 32 * j, row = id / p_.M, m = id - row * p_.M;
        int k = __shfl_sync(~0u, ids[0], row % 32);
        if constexpr (kRowWords == 2) {
          const int high = __shfl_sync(~0u, ids[kRowWords - 1], row % 32);
          k = row < 32 ? k : high;
        }
        if (id < all) values[j] = __ldcg(p_.x + k * p_.x_row + m * p_.x_token);
      }
#pragma unroll
      for (int j = 0; j < kBatch; ++j) {
        const int id = base + 32 * j, row = id / p_.M, m = id - row * p_.M;
        if (id < all) store_shared(place(to, row, m / 8) + m % 8 * 2, values[j]);
      }
    }
  }

  __device__ __forceinline__ uint32_t place(uint32_t to, int row, int block) const {
    return to + C::place(row, block);
  }

  const Params& p_;
  const Ring<C>& ring_;
  const Work<C>& work_;
  int warp_, lane_;
};

/// One thread that hands steps on to consumers by wgmma.
template <class C>
__device__ __forceinline__ void relay(const Ring<C>& ring, int steps) {
  Slot<C> slot{0, 0};
  for (int step = 0; step < steps; ++step, slot.advance(1)) hand_on(ring, slot);
}

}  // namespace tvw::kernels::cuda::decode
