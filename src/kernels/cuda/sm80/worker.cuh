/// @file A warp: multiplies the stages of its CTA's items, loads its part of later ones on the way
/// and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/sm80/loader.cuh"
#include "kernels/cuda/sm80/store.cuh"

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
      const Destinations to = load_destinations(item);
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
      store(item, to, sums);
    }
  }

 private:
  using Sums = float[C::kWarpBlocks][C::kWarpTokens][4];

  /// Where the results of this warp's features go, 32 features to a word, spread over the lanes.
  struct Destinations {
    int rows[C::kWarpBlocks / 2];  ///< of Y
    float biases[C::kWarpBlocks / 2];
    [[nodiscard]] __device__ __forceinline__ int row(int block, int feature) const {
      return __shfl_sync(~0u, rows[block / 2], block % 2 * 16 + feature);
    }
    [[nodiscard]] __device__ __forceinline__ float bias(int block, int feature) const {
      return __shfl_sync(~0u, biases[block / 2], block % 2 * 16 + feature);
    }
  };

  /// Long before they are needed, as the answer waits behind the copies.
  __device__ __forceinline__ Destinations load_destinations(const Item& item) const {
    Destinations to;
    const int64_t first =
        static_cast<int64_t>(item.tile) * C::kFeatures + first_block_ * 16 + lane_;
#pragma unroll
    for (int i = 0; i < C::kWarpBlocks / 2; ++i) {
      to.rows[i] = __ldg(p_.columns + first + i * 32);
      to.biases[i] = p_.bias != nullptr ? __ldg(p_.bias + first + i * 32) : 0.0f;
    }
    return to;
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

  __device__ __forceinline__ void store(const Item& item, const Destinations& to,
                                        const Sums& sums) const {
    if (p_.bias == nullptr && p_.activation == 0) {
      store_finished(item, to, sums, Keep());
    } else {
      with_activation(p_.activation, [&](auto finish) { store_finished(item, to, sums, finish); });
    }
  }

  /// The rows of Y, straight from registers.
  template <class Finish>
  __device__ __forceinline__ void store_finished(const Item& item, const Destinations& to,
                                                 const Sums& sums, Finish finish) const {
    const int token = first_token(item.token_width) + first_token_block_ * 8;
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {  // rows lane / 4 and 8 more
        const int feature = lane_ / 4 + half * 8;
        const int n = to.row(b, feature);
        const float bias = to.bias(b, feature);
        uint16_t* const y = p_.y + static_cast<int64_t>(n) * p_.ld + token;
        const int valid = n >= 0 ? p_.M - token : 0;
        store_tokens<T, 8 * C::kWarpTokens>(y, lane_, &sums[b][0][half * 2], valid,
                                            [&](float sum) { return finish(sum, bias); });
      }
    }
  }

  const Params& p_;
  const Ring<C>& ring_;
  int lane_, first_block_, first_token_block_;
  uint32_t row_at_;  ///< of this lane's row and its first piece, in the activations of a stage
};

}  // namespace tvw::kernels::cuda::sm80
