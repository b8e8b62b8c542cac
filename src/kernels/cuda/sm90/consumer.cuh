/// @file A consumer warpgroup: multiplies the stages of its items and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
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

  __device__ __forceinline__ void run(const Item* at) {
    wait_for_previous_kernel();  // it may still read or write y
    for (Item item = load_item(at); !is_end(item); item = load_item(at)) {
      at = next(at);
      if (C::kNarrow == 0 || width_of(item) == C::kWide) {
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
    __syncwarp();
    if (lane_ == 0) barrier_arrive(ring_.empty(slot));
  }

  /// Bias and activation, then a patch of 16 rows x kPatchTokens at a time through shared memory,
  /// so that a row's tokens leave in whole sectors.
  template <int kTokens>
  __device__ __forceinline__ void store(const Item& item, float (&sums)[C::kBlocks][kTokens / 2],
                                        const int (&column)[C::kBlocks]) {
    if constexpr (kFinish) finish<kTokens>(sums, column);
    constexpr int kPieces = C::kPatchTokens / 8;
    const int token = first_token(item) + (C::kSplitTokens ? group_ * kTokens : 0);
    const int valid = min(kTokens, p_.M - token);
    const uint32_t patch = ring_.patch(group_ * 4 + warp_);
    const uint32_t to =
        patch + ((lane_ & 7) + ((lane_ >> 3) & 1) * 8) * C::kPatchPitch + (lane_ >> 4) * 16;
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
      for (int first = 0; first < kTokens / 8; first += kPieces) {
        constexpr int kAll = kTokens / 8;
        const int pieces = kAll - first < kPieces ? kAll - first : kPieces;
        __syncwarp();
#pragma unroll
        for (int i = 0; i < kPieces; i += 2) {
          if (i >= pieces) continue;
          const float* s = &sums[b][(first + i) * 4];
          store_matrices(to + i * 16, pack_pair<T>(s[0], s[1]), pack_pair<T>(s[2], s[3]),
                         pack_pair<T>(s[4], s[5]), pack_pair<T>(s[6], s[7]));
        }
        __syncwarp();
#pragma unroll
        for (int i = 0; i < 16 * kPieces / 32; ++i) {
          if (i * 32 >= 16 * pieces) continue;
          const int id = i * 32 + lane_, row = id / pieces, piece = id % pieces;
          const int n = __shfl_sync(~0u, column[b], row & 15);
          const int at = (first + piece) * 8;
          if (id < 16 * pieces && at < valid && n >= 0) {
            __stcs(reinterpret_cast<uint4*>(p_.y + static_cast<int64_t>(n) * p_.ld + token + at),
                   load_shared_128(patch + row * C::kPatchPitch + piece * 16));
          }
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
