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
  static constexpr int kBlocksPerWarp = C::kStageBlocks / C::kGatherTeam;

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
#pragma unroll
    for (int i = 0; i < kBlocksPerWarp; ++i) {
      const int block = i * C::kGatherTeam + part;
      const int word = i * C::kGatherTeam / 4;  // the same for all warps of a team
      copy_block(stage.rows[word], block * 8, x, width, valid, slot + block * 1024);
    }
  }

  /// The rows of the first kTeams stages, of one item, as one of all warps: in the order of the
  /// stages, so that the first can be multiplied before the others are there.
  __device__ __forceinline__ void copy_start(const Ring<C>& ring, int ids, int token_width,
                                             int warp) const {
    const int token = first_token(token_width);
    const int width = C::kNarrow ? width_of(token_width) : C::kWide;
    const int valid = min(width, p.M - token);
#pragma unroll
    for (int i = 0; i < kBlocksPerWarp; ++i) {
      const int block = i * C::kGatherWarps + warp;
      const int stage = block / C::kStageBlocks;
      copy_block(ids, i * 8, p.x + token, width, valid,
                 ring.activations(stage) + block % C::kStageBlocks * 1024);
      barrier_arrive_after_copies(ring.started(stage));
    }
  }
  /// Their ids, as copy_start takes them.
  __device__ __forceinline__ int read_start(int first_stage, int warp) const {
    const int block = lane / 8 % kBlocksPerWarp * C::kGatherWarps + warp;
    return __ldg(p.rows + static_cast<int64_t>(first_stage) * C::kStageRows + block * 8 + lane % 8);
  }

 private:
  /// Eight rows, whose ids are in the lanes from `lane_of_ids` on (modulo 32), to `to`.
  __device__ __forceinline__ void copy_block(int ids, int lane_of_ids, const uint16_t* x, int width,
                                             int valid, uint32_t to_block) const {
    const int mine = (lane & 7) * 8;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int k = __shfl_sync(~0u, ids, (lane_of_ids + half * 4 + (lane >> 3)) & 31);
      const uint16_t* row = x + static_cast<int64_t>(k) * p.ld + mine;
      const uint32_t to = to_block + half * 512 + (to_full ^ (half << 6));
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
        const int k = __shfl_sync(~0u, ids, (lane_of_ids + rest_row[c]) & 31);
        if ((8 * kRestPieces) % 32 != 0 && rest_row[c] >= 8) continue;
        if (C::kNarrow && rest_token[c] >= width) continue;
        copy_16(to_block + to_rest[c], x + static_cast<int64_t>(k) * p.ld + rest_token[c],
                rest_token[c] < valid ? 16u : 0u);
      }
    }
  }
};

/// Whether the first stage of every team is copied by all of them.
template <class C>
__device__ __forceinline__ bool start_together(const Item& first) {
  return first.stages >= C::kTeams;
}

/// By one thread. Weights are nobody's results, unlike x: they may be asked for before the kernel
/// before this one has finished.
template <class C>
__device__ __forceinline__ void copy_weights(const Params& p, const Ring<C>& ring, int stage,
                                             int slot) {
  barrier_expect(ring.full(slot), C::kWeightBytes);
  copy_bulk(ring.weights(slot), p.weights + static_cast<int64_t>(stage) * C::kWeightBytes,
            C::kWeightBytes, ring.full(slot));
}

/// Stages whose weights a CTA begins with: what the ring holds of its first item, as the next one
/// would have to be waited for.
template <class C>
__device__ __forceinline__ int started_stages(const Item& first) {
  return min(first.stages, C::kStages);
}

/// One thread that asks for them.
template <class C>
__device__ __forceinline__ void start_weights_role(const Params& p, const Ring<C>& ring,
                                                   const Item& first) {
#pragma unroll 1
  for (int slot = 0; slot < started_stages<C>(first); ++slot) {
    copy_weights(p, ring, first.first_stage + slot, slot);
  }
}

/// One of the gather warps. It reads two of its stages ahead and never waits for data. Row ids are
/// nobody's results, unlike x: the first are on their way before the warp waits for the kernel
/// before this one.
template <class C>
__device__ __forceinline__ void gather_role(const Params& p, const Ring<C>& ring, const Item* begin,
                                            const Item& first, int warp, int lane) {
  const int team = warp / C::kGatherTeam;
  const bool copies_weights = lane == 0 && warp % C::kGatherTeam == 0;
  const Gather<C> gather(p, lane, warp % C::kGatherTeam);
  const bool together = start_together<C>(first);
  int start_ids = 0;
  if (together) start_ids = gather.read_start(first.first_stage, warp);
  StageWalk walk(ItemList(begin, first), team);
  Slot<C> slot{team, 1};
  const auto read_ahead = [&] {
    const auto stage = gather.read(walk);
    if (!walk.done()) walk.advance(C::kTeams);
    return stage;
  };
  // Of this team's stages, those whose weights were asked for at the start.
  int ahead = (max(0, started_stages<C>(first) - team) + C::kTeams - 1) / C::kTeams;
  const auto one = [&](typename Gather<C>::Stage& stage) {
    barrier_wait(ring.empty(slot.index), slot.parity);
    // Counts on: 2^31 stages of one CTA would take more activations than a GPU holds. (With a
    // branch to stop it, ptxas no longer keeps the slot in uniform registers: 5 % on 128 x 192
    // tiles.)
    if (--ahead < 0) {
      if (copies_weights) copy_weights(p, ring, stage.id, slot.index);
      __syncwarp();
    }
    gather.copy(stage, ring.activations(slot.index));
    barrier_arrive_after_copies(ring.landed(slot.index));
    stage = read_ahead();
    slot.advance(C::kTeams);
  };
  auto even = read_ahead(), odd = read_ahead();
  wait_for_previous_kernel();  // it may have written x
  if (together) {
    barrier_arrive(ring.landed(slot.index));  // `started` tells when they have
    gather.copy_start(ring, start_ids, first.token_width, warp);
    slot.advance(C::kTeams);
    --ahead;
    even = odd;
    odd = read_ahead();
  }
  while (even.tokens != 0) {
    one(even);
    if (odd.tokens == 0) break;
    one(odd);
  }
  wait_all_copies();
}

/// One thread that hands stages on to the consumers.
template <class C>
__device__ __forceinline__ void relay_role(const Ring<C>& ring, const ItemList& items) {
  Slot<C> slot{0, 0};
  StageWalk walk(items, 0);
  int unstarted = start_together<C>(walk.current) ? C::kTeams : 0;
  for (; !walk.done(); walk.advance(1), slot.advance(1)) {
    if (unstarted > 0) {
      barrier_wait(ring.started(slot.index), 0);
      --unstarted;
    }
    hand_on(ring, slot);
  }
}

}  // namespace tvw::kernels::cuda::sm90
