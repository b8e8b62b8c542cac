/// @file A warp: multiplies the stages of its CTA's items, loads its part of later ones on the way
/// and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/common/quad.cuh"
#include "kernels/cuda/sm80/loader.cuh"

namespace tvw::kernels::cuda::sm80 {

template <class C, class T>
class Worker {
 public:
  __device__ __forceinline__ Worker(const Params& p, const Ring<C>& ring, int warp, int lane)
      : p_(p),
        ring_(ring),
        lane_(lane),
        first_block_(warp % C::kRowWarps * C::kWarpBlocks),
        first_token_block_(warp / C::kRowWarps * C::kWarpTokens),
        row_at_(lane % (C::kStageRows / 2) * C::kRowBytes +
                (first_token_block_ ^ (lane & 7)) * 16) {}

  __device__ __forceinline__ void run(const Item* begin) {
    Loader<C> loader(p_, ring_, begin, threadIdx.x);
    for (int i = 0; i < p_.ahead; ++i) loader.load_stage();
    Slot slot{0, 0};
    ItemList items(begin);
    for (Item item = items.take(); !is_end(item); item = items.take()) {
      Sums sums = {};
      for (int stage = 0; stage < item.stages; ++stage) {
        loader.load_stage();
        barrier_wait(ring_.full(slot.index), slot.parity);
        multiply(slot.index, sums);
        __syncwarp();
        if (lane_ == 0) barrier_arrive(ring_.empty(slot.index));
        slot.advance(ring_.stages);
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

  /// One of the two of a stage.
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
    const uint32_t first = activations + kWhich * kRows * C::kRowBytes + row_at_;
#pragma unroll
    for (int t = 0; t < C::kWarpTokens; ++t) {
      const uint32_t from = first ^ (t * 16);  // rows are aligned to 128 bytes
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

  /// Bias, activation, then the rows of Y, straight from registers.
  __device__ __forceinline__ void store(const Item& item, Sums& sums) const {
    const int32_t* columns =
        p_.columns + static_cast<int64_t>(item.tile) * C::kFeatures + first_block_ * 16;
    const int token = first_token(item.token_width) + first_token_block_ * 8;
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      if (p_.bias != nullptr || p_.activation != 0) finish(columns + b * 16, &sums[b][0][0]);
#pragma unroll
      for (int half = 0; half < 2; ++half) {  // rows lane / 4 and 8 more
        const int n = __ldg(columns + b * 16 + lane_ / 4 + half * 8);
        uint16_t* const y = p_.y + static_cast<int64_t>(n) * p_.ld + token;
        const int valid = n >= 0 ? p_.M - token : 0;
#pragma unroll
        for (int t = 0; t < C::kWarpTokens; t += 4) {
          uint32_t words[4];
#pragma unroll
          for (int i = 0; i < 4; ++i) {
            words[i] = pack_pair<T>(sums[b][t + i][half * 2], sums[b][t + i][half * 2 + 1]);
          }
          store_row(y + t * 8, lane_, words, valid - t * 8);
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
  int lane_, first_block_, first_token_block_;
  uint32_t row_at_;  ///< of this lane's row and its first piece, in the activations of a stage
};

}  // namespace tvw::kernels::cuda::sm80
