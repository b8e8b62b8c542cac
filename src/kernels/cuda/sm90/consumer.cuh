/// @file A consumer warpgroup: multiplies the stages of its items and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/quad.cuh"
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
        first_block_(C::kSharing == Sharing::kFeatures ? group * C::kBlocks : 0),
        group_(group),
        metadata_at_(((warp * 8 + lane / 4) * 2 + (lane & 1)) * 4) {}

  __device__ __forceinline__ void run(const Item* begin) {
    wait_for_previous_kernel();  // it may still read or write y
    ItemList items(begin);
    for (Item item = items.take(); !is_end(item); item = items.take()) {
      if (C::kNarrow == 0 || width_of(item.token_width) == C::kWide) {
        tile<C::kWide>(item);
      } else if constexpr (C::kNarrow != 0) {
        tile<C::kNarrow>(item);
      }
    }
  }

 private:
  using Metadata = uint32_t[C::kBlocks][C::kInstructions];

  template <int kWidth>
  __device__ __forceinline__ void tile(const Item& item) {
    constexpr int kTokens = C::kSplitTokens ? kWidth / C::kConsumers : kWidth;
    float sums[C::kBlocks][kTokens / 2];
    int column[C::kBlocks];
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
      column[b] = __ldg(p_.columns + static_cast<int64_t>(item.tile) * C::kFeatures +
                        (first_block_ + b) * 64 + warp_ * 16 + (lane_ & 15));
    }
    if (item.stages == 0) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
        for (int i = 0; i < kTokens / 2; ++i) sums[b][i] = 0.0f;
      }
    } else {
      multiply<kTokens>(item.stages, sums);
    }
    store<kTokens>(item, sums, column);
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
    const int first_column = C::kSplitTokens ? group_ * (C::kColumns / C::kConsumers) : 0;
    const uint32_t activations =
        ring_.activations(slot_.index) + first_column * (C::kStageRows * 128);
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

  /// Bias and activation, then the rows of Y, straight from registers.
  template <int kTokens>
  __device__ __forceinline__ void store(const Item& item, float (&sums)[C::kBlocks][kTokens / 2],
                                        const int (&column)[C::kBlocks]) {
    if constexpr (kFinish) finish<kTokens>(sums, column);
    const int token = first_token(item.token_width) + (C::kSplitTokens ? group_ * kTokens : 0);
    const int valid = min(kTokens, p_.M - token);
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {  // rows lane / 4 and 8 more
        const int n = __shfl_sync(~0u, column[b], lane_ / 4 + half * 8);
        uint16_t* const y = p_.y + static_cast<int64_t>(n) * p_.ld + token;
        const int stored = n >= 0 ? valid : 0;
#pragma unroll
        for (int first = 0; first + 32 <= kTokens; first += 32) {
          store_tokens<T, 4>(y + first, lane_, &sums[b][first / 2 + half * 2], stored - first);
        }
        if constexpr (kTokens % 32 != 0) {
          constexpr int kFirst = kTokens / 32 * 32;
          store_tokens<T, 2>(y + kFirst, lane_, &sums[b][kFirst / 2 + half * 2], stored - kFirst);
        }
      }
    }
  }

  template <int kTokens>
  __device__ __forceinline__ void finish(float (&sums)[C::kBlocks][kTokens / 2],
                                         const int (&column)[C::kBlocks]) {
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
      const float mine = p_.bias != nullptr && column[b] >= 0 ? __ldg(p_.bias + column[b]) : 0.0f;
      const float low = __shfl_sync(~0u, mine, lane_ / 4);
      const float high = __shfl_sync(~0u, mine, lane_ / 4 + 8);
      activate_all<kTokens / 2>(sums[b], low, high, p_.activation);
    }
  }

  const Params& p_;
  const Ring<C>& ring_;
  int warp_, lane_, first_block_, group_;
  uint32_t metadata_at_;
  Slot<C> slot_{0, 0};
};

}  // namespace tvw::kernels::cuda::sm90
