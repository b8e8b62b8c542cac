/// @file A warpgroup of wgmma consumers: multiplies stage after stage of a ring in shared memory.
#pragma once

#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/common/wgmma.cuh"

namespace tvw::kernels::cuda {

/// `C` has kSparse, kBlocks (of 64 features, of this warpgroup), kInstructions (wgmma steps of a
/// stage), kInstructionRows, kStageRows and kBlockBytes. `Ring` knows the addresses of a slot:
/// activations as wgmma's token-major operand with 128-byte swizzle, in columns of 64 tokens,
/// weights as in weights/stage_order.hpp, and its barriers full and empty. kLag: see multiply().
template <class C, class T, class Ring, class Slot, int kLag = 0>
class StageMultiplier {
 public:
  /// `warp` of the warpgroup, `first_block` of the stage's that this warpgroup multiplies.
  __device__ __forceinline__ StageMultiplier(const Ring& ring, int first_block, int warp, int lane)
      : ring_(ring),
        lane_(lane),
        first_block_(first_block),
        metadata_at_(((warp * 8 + lane / 4) * 2 + (lane & 1)) * 4 * C::kInstructions) {}

  /// Over the next `stages` (1 or more) stages of the ring. Each of the first `lagging` of them
  /// only once the stage kLag later is there, too.
  template <int kTokens>
  __device__ __forceinline__ void multiply(int stages, float (&sums)[C::kBlocks][kTokens / 2],
                                           int lagging = 0) {
    // A wgmma.sp in flight still reads its metadata registers, and neither ptxas nor the hardware
    // guards them: two sets, each kept alive until the group that uses it has finished.
    Metadata even = {}, odd = {};
    int before = 0;
#pragma unroll 1
    for (int stage = 0;;) {
      wait_behind(stage < lagging);
      one_stage<kTokens>(stage, sums, even, odd, before);
      if (++stage >= stages) break;
      wait_behind(stage < lagging);
      one_stage<kTokens>(stage, sums, odd, even, before);
      if (++stage >= stages) break;
    }
    wgmma_wait<0>();
    keep_alive(even);
    keep_alive(odd);
    release(before);
  }
  /// Leaves the next stages to another warpgroup.
  __device__ __forceinline__ void skip(int stages) { slot_.skip(stages); }

 private:
  using Metadata = uint32_t[C::kBlocks][C::kInstructions];

  __device__ __forceinline__ void wait_behind(bool lagging) {
    if constexpr (kLag > 0) {
      if (!lagging) return;
      Slot later = slot_;
      later.advance(kLag);
      barrier_wait(ring_.full(later.index), later.parity);
    }
  }

  template <int kTokens>
  __device__ __forceinline__ void one_stage(int stage, float (&sums)[C::kBlocks][kTokens / 2],
                                            Metadata& metadata, Metadata& finished, int& before) {
    barrier_wait(ring_.full(slot_.index), slot_.parity);
    const uint32_t weights = ring_.weights(slot_.index) + first_block_ * C::kBlockBytes;
    if constexpr (C::kSparse) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
        load_shared(metadata[b],
                    weights + b * C::kBlockBytes + C::kInstructions * 2048 + metadata_at_);
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

  const Ring& ring_;
  int lane_, first_block_;
  uint32_t metadata_at_;
  Slot slot_{0, 0};
};

}  // namespace tvw::kernels::cuda
