/// @file Filling the ring: gathered rows of the activations, weights, and the relay between
/// proxies.
#pragma once

#include "kernels/cuda/common/relay.cuh"
#include "kernels/cuda/sm90/ring.cuh"
#include "kernels/cuda/sm90/tile_gemm.hpp"

namespace tvw::kernels::cuda::sm90 {

/// Copies the rows of one stage, as one of the kGatherTeam warps that share it. Eight rows (one
/// period of the swizzle) at a time: full columns of 64 tokens by 8 lanes a row, what is left of
/// the width by the lanes in any order.
template <class C>
struct Gather {
  static constexpr int kFullColumns = C::kWide / 64;
  static constexpr int kRestPieces = C::kWide % 64 / 8;  ///< 16-byte pieces of a row
  static constexpr int kRestCopies = (8 * kRestPieces + 31) / 32;
  static constexpr int kRowWords = (C::kStageRows + 31) / 32;

  const Params& p;
  int lane;
  int part;  ///< of the team
  uint32_t to_full;
  int rest_row[kRestCopies > 0 ? kRestCopies : 1];
  uint32_t to_rest[kRestCopies > 0 ? kRestCopies : 1];
  int rest_token[kRestCopies > 0 ? kRestCopies : 1];

  __device__ __forceinline__ Gather(const Params& params, int lane_, int part_)
      : p(params), lane(lane_), part(part_) {
    const int piece = lane & 7, row = lane >> 3;
    to_full = row * 128 + ((piece ^ row) << 4);
    if constexpr (kRestCopies > 0) {
#pragma unroll
      for (int i = 0; i < kRestCopies; ++i) {
        const int id = i * 32 + lane, r = id / kRestPieces, c = id % kRestPieces;
        rest_row[i] = r;
        rest_token[i] = kFullColumns * 64 + c * 8;
        to_rest[i] = kFullColumns * (C::kStageRows * 128) + (r & 7) * 128 + ((c ^ (r & 7)) << 4);
      }
    }
  }

  /// A stage to come.
  struct Stage {
    int id;               ///< among those of all weights
    int tokens;           ///< Item::token_width; 0 after the last stage
    int rows[kRowWords];  ///< ids, spread over the lanes
  };

  __device__ __forceinline__ Stage read(const StageWalk& walk) const {
    Stage stage{walk.current.first_stage + walk.stage, walk.current.token_width, {}};
    if (walk.done()) return stage;
    const int32_t* from = p.rows + static_cast<int64_t>(stage.id) * C::kStageRows;
#pragma unroll
    for (int i = 0; i < kRowWords; ++i) stage.rows[i] = __ldg(from + i * 32 + lane);
    return stage;
  }

  __device__ __forceinline__ void copy(const Stage& stage, uint32_t slot) const {
    const int token = first_token(stage.tokens);
    const int width = C::kNarrow ? width_of(stage.tokens) : C::kWide;
    const int valid = min(width, p.M - token);
    const uint16_t* x = p.x + token;
    const int mine = (lane & 7) * 8;
#pragma unroll
    for (int i = 0; i < C::kStageRows / 8 / C::kGatherTeam; ++i) {
      const int block = i * C::kGatherTeam + part;
      const int word = i * C::kGatherTeam / 4;  // the same for all warps of a team
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int k = __shfl_sync(~0u, stage.rows[word], (block * 8 + half * 4 + (lane >> 3)) & 31);
        const uint16_t* row = x + static_cast<int64_t>(k) * p.ld + mine;
        const uint32_t to = slot + block * 1024 + half * 512 + (to_full ^ (half << 6));
#pragma unroll
        for (int column = 0; column < kFullColumns; ++column) {
          if (C::kNarrow && column * 64 >= C::kNarrow && column * 64 + mine >= width) continue;
          copy_16(to + column * (C::kStageRows * 128), row + column * 64,
                  column * 64 + mine < valid ? 16u : 0u);
        }
      }
      if constexpr (kRestCopies > 0) {
#pragma unroll
        for (int c = 0; c < kRestCopies; ++c) {
          const int k = __shfl_sync(~0u, stage.rows[word], (block * 8 + rest_row[c]) & 31);
          if ((8 * kRestPieces) % 32 != 0 && rest_row[c] >= 8) continue;
          if (C::kNarrow && rest_token[c] >= width) continue;
          copy_16(slot + block * 1024 + to_rest[c],
                  x + static_cast<int64_t>(k) * p.ld + rest_token[c],
                  rest_token[c] < valid ? 16u : 0u);
        }
      }
    }
  }
};

/// One of the gather warps. It reads two of its stages ahead and never waits for data. Row ids and
/// weights are nobody's results, unlike x: the first of both are on their way before the warp waits
/// for the kernel before this one.
template <class C>
__device__ __forceinline__ void gather_role(const Params& p, const Ring<C>& ring, const Item* begin,
                                            int warp, int lane) {
  const int team = warp / C::kGatherTeam;
  const bool copies_weights = lane == 0 && warp % C::kGatherTeam == 0;
  const Gather<C> gather(p, lane, warp % C::kGatherTeam);
  StageWalk walk(begin, team);
  Slot<C> slot{team, 1};
  const auto read_ahead = [&] {
    const auto stage = gather.read(walk);
    if (!walk.done()) walk.advance(C::kTeams);
    return stage;
  };
  const auto copy_weights = [&](const typename Gather<C>::Stage& stage, int to) {
    if (copies_weights) {
      barrier_expect(ring.full(to), C::kWeightBytes);
      copy_bulk(ring.weights(to), p.weights + static_cast<int64_t>(stage.id) * C::kWeightBytes,
                C::kWeightBytes, ring.full(to));
    }
    __syncwarp();
  };
  constexpr bool kBothFit = C::kStages >= 2 * C::kTeams;
  int ahead = kBothFit ? 2 : 1;  // stages whose weights were asked for at the start
  const auto one = [&](typename Gather<C>::Stage& stage) {
    barrier_wait(ring.empty(slot.index), slot.parity);
    // Counts on: 2^31 stages of one CTA would take more activations than a GPU holds. (With a
    // branch to stop it, ptxas no longer keeps the slot in uniform registers: 5 % on 128 x 192
    // tiles.)
    if (--ahead < 0) copy_weights(stage, slot.index);
    gather.copy(stage, ring.activations(slot.index));
    barrier_arrive_after_copies(ring.landed(slot.index));
    stage = read_ahead();
    slot.advance(C::kTeams);
  };
  auto even = read_ahead(), odd = read_ahead();
  wait_for_ring<C>();
  if (even.tokens != 0) copy_weights(even, slot.index);
  if (kBothFit && odd.tokens != 0) copy_weights(odd, slot.index + C::kTeams);
  wait_for_previous_kernel();  // it may have written x
  while (even.tokens != 0) {
    one(even);
    if (odd.tokens == 0) break;
    one(odd);
  }
  wait_all_copies();
}

/// One thread that hands stages on to the consumers.
template <class C>
__device__ __forceinline__ void relay_role(const Ring<C>& ring, const Item* begin) {
  Slot<C> slot{0, 0};
  for (StageWalk walk(begin, 0); !walk.done(); walk.advance(1), slot.advance(1)) {
    hand_on(ring, slot);
  }
}

}  // namespace tvw::kernels::cuda::sm90
