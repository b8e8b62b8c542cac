/// @file A consumer warpgroup: multiplies the stages of its items and stores the results.
#pragma once

#include <climits>
#include <type_traits>

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/stage_multiplier.cuh"
#include "kernels/cuda/common/store_rows.cuh"
#include "kernels/cuda/sm90/ring.cuh"
#include "kernels/cuda/sm90/split_rows.cuh"
#include "kernels/cuda/sm90/tile_gemm.hpp"

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
        multiplier_(ring, first_block_, warp, lane) {}

  __device__ __forceinline__ void run(const Item* begin) {
    wait_for_previous_kernel();  // it may still read or write y
    ItemList items(begin);
    // With an activation counted, as ptxas then takes the loop's end for the same in all lanes: or
    // there is a check around every shuffle, twice the code, and registers spill. (Without one it
    // sees that by itself, and counting makes its loop over stages up to 4 % slower.)
    for (int i = 0; !kFinish || i < INT_MAX; ++i) {
      const Item item = items.take();
      if (is_end(item)) break;
      const Turn turn{i, !items.at_end()};
      // Of this item's stages, those that have one kLag later in this item or the next.
      const int lagging = group_ > 0 ? item.stages + items.following_stages() - C::kLag : 0;
      if (C::kTakeTurns && i % C::kConsumers != group_) {
        multiplier_.skip(item.stages);
      } else if (C::kNarrow == 0 || width_of(item.token_width) == C::kWide) {
        tile<C::kWide>(item, turn, lagging);
      } else if constexpr (C::kNarrow != 0) {
        tile<C::kNarrow>(item, turn, lagging);
      }
    }
  }

 private:
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

  /// Where the results of this warp's features go, as store_rows asks for it.
  struct Destinations {
    int rows[C::kBlocks][2];  ///< of Y
    float biases[C::kBlocks][2];
  };

  /// Long before they are needed, as the answers wait behind the gather's copies.
  __device__ __forceinline__ Destinations load_destinations(const Item& item) const {
    Destinations to;
#pragma unroll
    for (int b = 0; b < C::kBlocks; ++b) {
      const int64_t first =
          static_cast<int64_t>(item.tile) * C::kFeatures + (first_block_ + b) * 64 + warp_ * 16;
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        to.rows[b][half] = __ldg(p_.columns + first + half * 8 + lane_ / 4);
        const bool has = kFinish && p_.bias != nullptr;
        to.biases[b][half] = has ? __ldg(p_.bias + first + half * 8 + lane_ / 4) : 0.0f;
      }
    }
    return to;
  }

  template <int kTokens>
  __device__ __forceinline__ void tile(const Item& item, const Turn& turn, int lagging) {
    float sums[C::kBlocks][kTokens / 2];
    Destinations to = load_destinations(item);
    turn.begin();
    if (item.stages == 0) {
#pragma unroll
      for (int b = 0; b < C::kBlocks; ++b) {
#pragma unroll
        for (int i = 0; i < kTokens / 2; ++i) sums[b][i] = 0.0f;
      }
    } else {
      multiplier_.template multiply<kTokens>(item.stages, sums, lagging);
    }
    turn.end();
    TokenRange complete{0, kTokens};
    if constexpr (C::kCanSplit) {
      if (p_.splits > 1) complete = add_up<kTokens>(ring_, p_.splits, sums);
    }
    if constexpr (kFinish) {
      with_activation(p_.activation,
                      [&](auto finish) { store<kTokens>(item, sums, complete, to, finish); });
    } else {
      store<kTokens>(item, sums, complete, to, Keep());
    }
    if constexpr (C::kCanSplit) {
      if (p_.splits > 1) cluster_wait();  // until nobody reads this CTA's sums any more
    }
  }

  /// Leaves nothing of use in `sums` and `to`.
  template <int kTokens, class Finish>
  __device__ __forceinline__ void store(const Item& item, float (&sums)[C::kBlocks][kTokens / 2],
                                        const TokenRange& complete, Destinations& to,
                                        Finish finish) const {
    // GELU of 192 sums a lane is more code (36 KB) than an SM keeps close: fetching it was a fifth
    // of the time. So there is code for one block, and the next one's sums move to where it reads.
    constexpr bool kByBlock = std::is_same_v<Finish, Gelu> && C::kBlocks * kTokens / 2 > 128;
    if constexpr (kByBlock) {
#pragma unroll 1
      for (int block = 0;;) {
        store_blocks<1, kTokens>(item, sums, complete, to, finish);
        if (++block == C::kBlocks) break;
        move_up<kTokens>(sums, to);
      }
    } else {
      store_blocks<C::kBlocks, kTokens>(item, sums, complete, to, finish);
    }
  }

  /// What belongs to each block to the place of the one before.
  template <int kTokens>
  __device__ __forceinline__ void move_up(float (&sums)[C::kBlocks][kTokens / 2],
                                          Destinations& to) const {
#pragma unroll
    for (int b = 0; b + 1 < C::kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < kTokens / 2; ++i) sums[b][i] = sums[b + 1][i];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        to.rows[b][half] = to.rows[b + 1][half];
        to.biases[b][half] = to.biases[b + 1][half];
      }
    }
  }

  /// The first kBlocks blocks.
  template <int kBlocks, int kTokens, class Finish>
  __device__ __forceinline__ void store_blocks(const Item& item,
                                               const float (&sums)[C::kBlocks][kTokens / 2],
                                               const TokenRange& complete, const Destinations& to,
                                               Finish finish) const {
    const int token = first_token(item.token_width);
    store_rows<kTokens, kBlocks>(
        lane_,
        {p_.y + token, static_cast<int>(p_.ld), min(complete.end, p_.M - token), complete.first},
        [&](int block, int half) { return to.rows[block][half]; },
        [&](int block, int eight, int half) {
          const float* two = sums[block] + eight * 4 + half * 2;
          const float bias = to.biases[block][half];
          return finish.template pair<T>(two[0], two[1], bias);
        });
  }

  const Params& p_;
  const Ring<C>& ring_;
  int warp_, lane_, first_block_, group_;
  StageMultiplier<C, T, Ring<C>, Slot<C>, C::kLag> multiplier_;
};

}  // namespace tvw::kernels::cuda::sm90
