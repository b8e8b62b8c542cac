/// @file A consumer warpgroup: multiplies the stages of its items and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/store_rows.cuh"
#include "kernels/cuda/sm90/ring.cuh"
#include "kernels/cuda/sm90/tile_gemm.hpp"
#include "kernels/cuda/sm90/wgmma.cuh"

namespace tvw::kernels::cuda::sm90 {

/// A consumer warpgroup.
template <class C, class T, bool kFinish>
class Consumer {
 public:
  __device__ __forceinline__ Consumer(const Params& p, const Ring<C>& ring, int group, int warp,
                                      int lane)
      : p_(p),
        ring_(ring),
        warp_(warp),
        lane_(lane),
        first_block_(C::kTakeTurns ? 0 : group * C::kBlocks),
        group_(group),
        metadata_at_(((warp * 8 + lane / 4) * 2 + (lane & 1)) * 4),
        staging_(ring.staging(group * 4 + warp)) {}

  __device__ __forceinline__ void run(const Item* begin) {
    wait_for_previous_kernel();  // it may still read or write y
    ItemList items(begin);
    for (int i = 0;; ++i) {
      const Item item = items.take();
      if (is_end(item)) break;
      const Turn turn{i, !items.at_end()};
      if (C::kTakeTurns && i % C::kConsumers != group_) {
        slot_.skip(item.stages);
      } else if (C::kNarrow == 0 || width_of(item.token_width) == C::kWide) {
        tile<C::kWide>(item, turn);
      } else if constexpr (C::kNarrow != 0) {
        tile<C::kNarrow>(item, turn);
      }
    }
  }

 private:
  using Metadata = uint32_t[C::kBlocks][C::kInstructions];

  /// If the consumers take turns, one multiplies only when the other has all of its item's stages:
  /// a barrier's parity tells a phase from the one before, not from the one before that.
  struct Turn {
    int item;
    bool another;  ///< item comes after this one

    __device__ __forceinline__ void begin() const {
      if (C::kTakeTurns && item > 0) named_barrier_sync(1 + item % C::kConsumers, kThreads);
    }
    __device__ __forceinline__ void end() const {
      if (C::kTakeTurns && another) named_barrier_arrive(1 + (item + 1) % C::kConsumers, kThreads);
    }
    static constexpr int kThreads = 32 * C::kConsumerWarps;
  };

  template <int kTokens>
  __device__ __forceinline__ void tile(const Item& item, const Turn& turn) {
    float sums[C::kBlocks][kTokens / 2];
    // Long before they are needed, as the answers wait behind the gather's copies.
    int column[C::kBlocks];
    float bias[C::kBlocks];
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
      const int64_t at = static_cast<int64_t>(item.tile) * C::kFeatures + (first_block_ + b) * 64 +
                         warp_ * 16 + (lane_ & 15);
      column[b] = __ldg(p_.columns + at);
      bias[b] = kFinish && p_.bias != nullptr ? __ldg(p_.bias + at) : 0.0f;
    }
    turn.begin();
    if (item.stages == 0) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
        for (int i = 0; i < kTokens / 2; ++i) sums[b][i] = 0.0f;
      }
    } else {
      multiply<kTokens>(item.stages, sums);
    }
    turn.end();
    if constexpr (kFinish) {
      with_activation(p_.activation,
                      [&](auto finish) { store<kTokens>(item, sums, column, bias, finish); });
    } else {
      store<kTokens>(item, sums, column, bias, Keep());
    }
  }

  template <int kTokens>
  __device__ __forceinline__ void multiply(int stages, float (&sums)[C::kBlocks][kTokens / 2]) {
    // A wgmma.sp in flight still reads its metadata registers, and neither ptxas nor the hardware
    // guards them: two sets, each kept alive until the group that uses it has finished.
    Metadata even = {}, odd = {};
    int before = 0;
#pragma unroll 1
    for (int stage = 0;;) {
      one_stage<kTokens>(stage, sums, even, odd, before);
      if (++stage >= stages) break;
      one_stage<kTokens>(stage, sums, odd, even, before);
      if (++stage >= stages) break;
    }
    wgmma_wait<0>();
    keep_alive(even);
    keep_alive(odd);
    release(before);
  }

  template <int kTokens>
  __device__ __forceinline__ void one_stage(int stage, float (&sums)[C::kBlocks][kTokens / 2],
                                            Metadata& metadata, Metadata& finished, int& before) {
    barrier_wait(ring_.full(slot_.index), slot_.parity);
    const uint32_t weights = ring_.weights(slot_.index) + first_block_ * C::kBlockBytes;
    if constexpr (C::kSparse) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
        for (int i = 0; i < C::kInstructions; ++i) {
          metadata[b][i] = load_shared_32(weights + b * C::kBlockBytes + C::kInstructions * 2048 +
                                          i * 256 + metadata_at_);
        }
      }
    }
    const uint32_t activations = ring_.activations(slot_.index);
    const uint64_t a = matrix_descriptor(weights, 1024, 128, 0);
    const uint64_t b_descriptor = matrix_descriptor(activations, C::kStageRows * 128, 1024, 1);
    wgmma_fence();
#pragma unroll
    for (int i = 0; i < C::kInstructions; ++i) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
        Wgmma<kTokens, C::kSparse, T>::multiply(
            sums[b], a + ((b * C::kBlockBytes + i * 2048) >> 4),
            b_descriptor + ((i * C::kInstructionRows * 128) >> 4), metadata[b][i], stage + i > 0);
      }
    }
    wgmma_commit();
    wgmma_wait<1>();
    keep_alive(finished);
    if (stage > 0) release(before);
    before = slot_.index;
    slot_.advance(1);
  }

  __device__ __forceinline__ void keep_alive(const Metadata& metadata) {
    if constexpr (C::kSparse) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
        for (int i = 0; i < C::kInstructions; ++i) asm volatile("" ::"r"(metadata[b][i]));
      }
    }
  }

  __device__ __forceinline__ void release(int slot) {
    barrier_arrive_warp(ring_.empty(slot), lane_);
  }

  template <int kTokens, class Finish>
  __device__ __forceinline__ void store(const Item& item,
                                        const float (&sums)[C::kBlocks][kTokens / 2],
                                        const int (&column)[C::kBlocks],
                                        const float (&bias)[C::kBlocks], Finish finish) {
    const int token = first_token(item.token_width);
    const int valid = min(kTokens, p_.M - token);
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
      if (!__any_sync(~0u, column[b] >= 0)) continue;  // a narrow tile's pad
      float row_bias[2] = {};                          // of rows lane / 4 and 8 more
      if constexpr (kFinish) {
        row_bias[0] = __shfl_sync(~0u, bias[b], lane_ / 4);
        row_bias[1] = __shfl_sync(~0u, bias[b], lane_ / 4 + 8);
      }
      const auto finish_sum = [&](float sum, int half) { return finish(sum, row_bias[half]); };
      store_rows<T, kTokens>(staging_, lane_, sums[b],
                             {p_.y + token, static_cast<int>(p_.ld), column[b], valid}, finish_sum);
    }
  }

  const Params& p_;
  const Ring<C>& ring_;
  int warp_, lane_, first_block_, group_;
  uint32_t metadata_at_;
  uint32_t staging_;  ///< this warp's
  Slot<C> slot_{0, 0};
};

}  // namespace tvw::kernels::cuda::sm90
