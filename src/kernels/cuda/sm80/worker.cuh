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
    wait_for_previous_kernel();  // it may have written x, and still read or write y
    for (int i = 0; i < p_.ahead; ++i) loader.load_stage();
    Slot slot{0, 0};
    ItemList items(begin);
    for (Item item = items.take(); !is_end(item); item = items.take()) {
      const Columns columns = load_columns(item);
      Sums sums = {};
      for (int stage = 0; stage < item.stages; ++stage) {
        barrier_wait(ring_.full(slot.index), slot.parity);
        const uint32_t weights = ring_.weights(slot.index) + first_block_ * C::kFragmentBytes;
        const uint32_t activations = ring_.activations(slot.index) + row_at_;
        Metadata metadata;
        load_metadata(weights, metadata);
        Fragments fragments;
        load_fragments(weights, activations, 0, fragments);
        multiply<0>(fragments, metadata, sums);
        load_fragments(weights, activations, 1, fragments);
        barrier_arrive_warp(ring_.empty(slot.index), lane_);
        slot.advance(ring_.stages);
        // Here, as reading shared memory waits behind copies, and there is none to come for a
        // while.
        loader.load_stage();
        multiply<1>(fragments, metadata, sums);
      }
      store(item, columns, sums);
    }
  }

 private:
  using Sums = float[C::kWarpBlocks][C::kWarpTokens][4];

  /// Rows of Y of this warp's features, 32 to a word, spread over the lanes.
  struct Columns {
    int words[C::kWarpBlocks / 2];
    [[nodiscard]] __device__ __forceinline__ int of(int block, int row) const {
      return __shfl_sync(~0u, words[block / 2], block % 2 * 16 + row);
    }
  };

  /// Long before they are needed, as the answer waits behind the copies.
  __device__ __forceinline__ Columns load_columns(const Item& item) const {
    Columns columns;
    const int32_t* from =
        p_.columns + static_cast<int64_t>(item.tile) * C::kFeatures + first_block_ * 16 + lane_;
#pragma unroll
    for (int i = 0; i < C::kWarpBlocks / 2; ++i) columns.words[i] = __ldg(from + i * 32);
    return columns;
  }

  using Metadata = uint32_t[C::kWarpBlocks];
  static constexpr int kRegisters = C::kSparse ? 4 : 2;  ///< of an activation fragment
  /// Of one of the two instructions of a stage.
  struct Fragments {
    uint4 a[C::kWarpBlocks];
    uint32_t x[C::kWarpTokens][kRegisters];
  };

  __device__ __forceinline__ void load_metadata(uint32_t weights, Metadata& metadata) const {
    if constexpr (C::kSparse) {
#pragma unroll
      for (int b = 0; b < C::kWarpBlocks; ++b) {
        metadata[b] = load_shared_32(weights + b * C::kFragmentBytes + 1024 + lane_ * 4);
      }
    }
  }

  __device__ __forceinline__ void load_fragments(uint32_t weights, uint32_t activations, int which,
                                                 Fragments& fragments) const {
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      fragments.a[b] = load_shared_128(weights + b * C::kFragmentBytes + which * 512 + lane_ * 16);
    }
    const uint32_t first = activations + which * (C::kStageRows / 2) * C::kRowBytes;
#pragma unroll
    for (int t = 0; t < C::kWarpTokens; ++t) {
      load_transposed(fragments.x[t], first ^ (t * 16));  // rows are aligned to 128 bytes
    }
  }

  template <int kWhich>
  __device__ __forceinline__ void multiply(const Fragments& fragments, const Metadata& metadata,
                                           Sums& sums) const {
#pragma unroll
    for (int t = 0; t < C::kWarpTokens; ++t) {
#pragma unroll
      for (int b = 0; b < C::kWarpBlocks; ++b) {
        if constexpr (C::kSparse) {
          mma_sparse<T, kWhich>(sums[b][t], fragments.a[b], fragments.x[t], metadata[b]);
        } else {
          mma_dense<T>(sums[b][t], fragments.a[b], fragments.x[t][0], fragments.x[t][1]);
        }
      }
    }
  }

  /// Bias, activation, then the rows of Y, straight from registers.
  __device__ __forceinline__ void store(const Item& item, const Columns& columns,
                                        Sums& sums) const {
    const int token = first_token(item.token_width) + first_token_block_ * 8;
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      if (p_.bias != nullptr || p_.activation != 0) finish(columns, b, &sums[b][0][0]);
#pragma unroll
      for (int half = 0; half < 2; ++half) {  // rows lane / 4 and 8 more
        const int n = columns.of(b, lane_ / 4 + half * 8);
        uint16_t* const y = p_.y + static_cast<int64_t>(n) * p_.ld + token;
        const int valid = n >= 0 ? p_.M - token : 0;
#pragma unroll
        for (int t = 0; t < C::kWarpTokens; t += 4) {
          store_tokens<T, 4>(y + t * 8, lane_, &sums[b][t][half * 2], valid - t * 8);
        }
      }
    }
  }

  __device__ __forceinline__ void finish(const Columns& columns, int block, float* sums) const {
    const int low = columns.of(block, lane_ / 4), high = columns.of(block, lane_ / 4 + 8);
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
