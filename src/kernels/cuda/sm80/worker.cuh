/// @file A warp: multiplies the stages of its CTA's items, loads its part of later ones on the way
/// and stores the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/common/store_rows.cuh"
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
        weights_at_(kept(first_block_ * C::kFragmentBytes + lane * 16)),
        row_at_(kept(lane % (C::kStageRows / 2) * C::kRowBytes +
                     (first_token_block_ ^ (lane & 7)) * 16)) {}

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
        const uint32_t weights = ring_.weights(slot.index) + weights_at_;
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

  /// Where the results of this warp's features go: feature l of a block in lanes l and l + 16.
  struct Destinations {
    int rows[C::kWarpBlocks];  ///< of Y
    float biases[C::kWarpBlocks];
  };

  /// Long before they are needed, as the answer waits behind the copies.
  __device__ __forceinline__ Destinations load_destinations(const Item& item) const {
    Destinations to;
    const int64_t first =
        static_cast<int64_t>(item.tile) * C::kFeatures + first_block_ * 16 + (lane_ & 15);
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      to.rows[b] = __ldg(p_.columns + first + b * 16);
      to.biases[b] = p_.bias != nullptr ? __ldg(p_.bias + first + b * 16) : 0.0f;
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
        metadata[b] = load_shared_32(weights + b * C::kFragmentBytes + 1024 - lane_ * 12);
      }
    }
  }

  __device__ __forceinline__ void load_fragments(uint32_t weights, uint32_t activations, int which,
                                                 Fragments& fragments) const {
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
      fragments.a[b] = load_shared_128(weights + b * C::kFragmentBytes + which * 512);
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

  template <class Finish>
  __device__ __forceinline__ void store_finished(const Item& item, const Destinations& to,
                                                 const Sums& sums, Finish finish) const {
    const int token = first_token(item.token_width) + first_token_block_ * 8;
    float biases[C::kWarpBlocks][2];  // of rows lane / 4 and 8 more
#pragma unroll
    for (int b = 0; b < C::kWarpBlocks; ++b) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        biases[b][half] = __shfl_sync(~0u, to.biases[b], lane_ / 4 + half * 8);
      }
    }
    store_rows<8 * C::kWarpTokens, C::kWarpBlocks>(
        lane_, {p_.y + token, static_cast<int>(p_.ld), min(8 * C::kWarpTokens, p_.M - token)},
        [&](int block, int pass) { return __shfl_sync(~0u, to.rows[block], pass * 8 + lane_ / 4); },
        [&](int block, int eight, int half) {
          const float* two = sums[block][eight] + half * 2;
          const float bias = biases[block][half];
          return finish.template pair<T>(two[0], two[1], bias);
        });
  }

  const Params& p_;
  const Ring<C>& ring_;
  int lane_, first_block_, first_token_block_;
  uint32_t weights_at_;  ///< of this lane's first values, in the weights of a stage
  uint32_t row_at_;      ///< of this lane's row and its first piece, in the activations of a stage
};

}  // namespace tvw::kernels::cuda::sm80
