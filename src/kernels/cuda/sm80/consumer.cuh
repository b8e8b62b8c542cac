/// @file A consumer warp: multiplies the stages of its CTA's items and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/sm80/ring.cuh"
#include "kernels/cuda/sm80/tile_gemm.hpp"

namespace tvw::kernels::cuda::sm80 {

template <class C, class T>
class Consumer {
 public:
  __device__ __forceinline__ Consumer(const Params& p, const Ring<C>& ring, int warp, int lane)
      : p_(p),
        ring_(ring),
        warp_(warp),
        lane_(lane),
        first_block_(warp % C::kRowWarps * C::kWarpBlocks),
        first_token_block_(warp / C::kRowWarps * C::kWarpTokens) {}

  __device__ __forceinline__ void run(const Item* at) {
    Slot slot{0, 0};
    for (Item item = load_item(at); !is_end(item); item = load_item(at)) {
      at = next(at);
      Sums sums = {};
      for (int stage = 0; stage < item.stages; ++stage) {
        barrier_wait(ring_.full(slot.index), slot.parity);
        multiply(slot.index, sums);
        __syncwarp();
        if (lane_ == 0) barrier_arrive(ring_.empty(slot.index));
        slot.advance(1, ring_.stages);
      }
      store(item, sums);
    }
  }

 private:
  using Sums = float[C::kWarpBlocks][C::kWarpTokens][4];

  __device__ __forceinline__ void multiply(int slot, Sums& sums) const {
    const uint32_t weights = ring_.weights(slot) + first_block_ * C::kFragmentBytes;
    uint32_t metadata[C::kWarpBlocks];
    if constexpr (C::kSparse) {
#pragma unroll
      for (int b = 0; b < C::kWarpBlocks; ++b) {
        metadata[b] = load_shared_32(weights + b * C::kFragmentBytes + 1024 + lane_ * 4);
      }
    }
    instruction<0>(weights, ring_.activations(slot), metadata, sums);
    instruction<1>(weights, ring_.activations(slot), metadata, sums);
  }

  /// One of the two of a stage: the weights of both would not fit the registers beside the sums.
  template <int kWhich>
  __device__ __forceinline__ void instruction(uint32_t weights, uint32_t activations,
                                              const uint32_t (&metadata)[C::kWarpBlocks],
                                              Sums& sums) const {
    constexpr int kRows = C::kStageRows / 2;
    uint4 a[C::kWarpBlocks];
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      a[b] = load_shared_128(weights + b * C::kFragmentBytes + kWhich * 512 + lane_ * 16);
    }
    const uint32_t row = activations + (kWhich * kRows + lane_ % kRows) * C::kRowBytes;
#pragma unroll
    for (int t = 0; t < C::kWarpTokens; ++t) {
      const uint32_t from = row + ((first_token_block_ + t) ^ (lane_ & 7)) * 16;
      if constexpr (C::kSparse) {
        uint32_t x[4];
        load_transposed(x, from);
#pragma unroll
        for (int b = 0; b < C::kWarpBlocks; ++b) {
          mma_sparse<T, kWhich>(sums[b][t], a[b], x, metadata[b]);
        }
      } else {
        uint32_t x[2];
        load_transposed(x, from);
#pragma unroll
        for (int b = 0; b < C::kWarpBlocks; ++b) mma_dense<T>(sums[b][t], a[b], x[0], x[1]);
      }
    }
  }

  /// Bias, activation, and 16 features at a time through this warp's patch of shared memory, so
  /// that a row's tokens leave in whole sectors.
  __device__ __forceinline__ void store(const Item& item, Sums& sums) const {
    const int32_t* columns =
        p_.columns + static_cast<int64_t>(item.tile) * C::kFeatures + first_block_ * 16;
    const int token = first_token(item) + first_token_block_ * 8;
    constexpr int kRowsAtOnce = 32 / C::kWarpTokens;
    const int piece = lane_ % C::kWarpTokens;
    const bool valid = token + piece * 8 < p_.M;
    const uint32_t patch = ring_.patch(warp_);
    const uint32_t to = patch + lane_ / 4 * C::kPatchPitch + lane_ % 4 * 4;
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      if (p_.bias != nullptr || p_.activation != 0) finish(columns + b * 16, &sums[b][0][0]);
      __syncwarp();
#pragma unroll
      for (int t = 0; t < C::kWarpTokens; ++t) {
        store_shared_32(to + t * 16, pack_pair<T>(sums[b][t][0], sums[b][t][1]));
        store_shared_32(to + t * 16 + 8 * C::kPatchPitch,
                        pack_pair<T>(sums[b][t][2], sums[b][t][3]));
      }
      __syncwarp();
#pragma unroll
      for (int i = 0; i < 16; i += kRowsAtOnce) {
        const int r = i + lane_ / C::kWarpTokens;
        const int n = __ldg(columns + b * 16 + r);
        if (valid && n >= 0) {
          __stcs(
              reinterpret_cast<uint4*>(p_.y + static_cast<int64_t>(n) * p_.ld + token + piece * 8),
              load_shared_128(patch + r * C::kPatchPitch + piece * 16));
        }
      }
    }
  }

  __device__ __forceinline__ void finish(const int32_t* columns, float* sums) const {
    const int low = __ldg(columns + lane_ / 4), high = __ldg(columns + lane_ / 4 + 8);
    const float bias_low = p_.bias != nullptr && low >= 0 ? __ldg(p_.bias + low) : 0.0f;
    const float bias_high = p_.bias != nullptr && high >= 0 ? __ldg(p_.bias + high) : 0.0f;
    activate_all<4 * C::kWarpTokens>(sums, bias_low, bias_high, p_.activation);
  }

  const Params& p_;
  const Ring<C>& ring_;
  int warp_, lane_, first_block_, first_token_block_;
};

}  // namespace tvw::kernels::cuda::sm80
