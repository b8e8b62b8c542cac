/// @file C^T = B^T A^T over tiles of features that share gathered rows, on Hopper (sm_90a).
///
/// Activations and results are feature-major: X [K, ld], Y [N, ld], 16-bit, ld a multiple of 8.
/// Every output tile is F features (columns of B, scattered to their rows of Y) x W tokens, summed
/// over the tile's kept rows in f32 (arXiv 2402.10876, section V, on wgmma instead of mma).
///
/// Roles: gather warps copy kept rows of X (16 bytes a lane, cp.async) and the stage's weights (a
/// bulk copy) into a ring of stages; two consumer warpgroups multiply and store. What cp.async
/// wrote must be fenced before wgmma reads it: a relay thread does that where one is to spare, else
/// (kTwin) the consumers do, hidden behind the other CTA.
/// Barriers of a ring slot: `landed` gathered rows are there; `full` all of the stage is there,
/// visible to wgmma; `empty` the consumers are done with it.
///
/// Layout of a slot: activations as wgmma's MN-major operand with 128-byte swizzle: columns of 64
/// tokens; in a column row r has 128 bytes at r * 128, its 16-byte piece c at place c ^ (r & 7).
/// Weights as in weights/stage_order.hpp.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/sm90/items.hpp"
#include "kernels/cuda/sm90/ptx.cuh"
#include "kernels/cuda/sm90/tile_gemm.hpp"
#include "kernels/cuda/sm90/tiling.hpp"
#include "kernels/cuda/sm90/wgmma.cuh"

namespace tvw::kernels::cuda::sm90 {

__device__ __forceinline__ int first_token(const Item& item) { return (item.token_width >> 8) * 8; }
__device__ __forceinline__ int width_of(const Item& item) { return (item.token_width & 0xFF) * 8; }

/// The ring as one role sees it: which slot is next and which phase it is in.
template <class C>
struct Slot {
  int index;
  uint32_t parity;
  __device__ __forceinline__ void advance(int by) {
    index += by;
    if (index >= C::kStages) {
      index -= C::kStages;
      parity ^= 1;
    }
  }
};

/// Addresses in shared memory.
template <class C>
struct Ring {
  uint32_t base;
  __device__ __forceinline__ uint32_t activations(int slot) const {
    return base + slot * C::kActivationBytes;
  }
  __device__ __forceinline__ uint32_t weights(int slot) const {
    return base + C::kWeightsAt + slot * C::kWeightBytes;
  }
  __device__ __forceinline__ uint32_t patch(int warp) const {
    return base + C::kPatchesAt + warp * C::kPatchBytes;
  }
  __device__ __forceinline__ uint32_t full(int slot) const {
    return base + C::kBarriersAt + slot * 8;
  }
  __device__ __forceinline__ uint32_t empty(int slot) const {
    return base + C::kBarriersAt + (C::kStages + slot) * 8;
  }
  __device__ __forceinline__ uint32_t landed(int slot) const {
    return base + C::kBarriersAt + (2 * C::kStages + slot) * 8;
  }
};

__device__ __forceinline__ Item load_item(const Item* from) {
  const int4 v = __ldg(reinterpret_cast<const int4*>(from));
  return {v.x, v.y, v.z, v.w};
}
/// A CTA's items end with one of no width; they lie a grid apart.
__device__ __forceinline__ bool is_end(const Item& item) { return item.token_width == 0; }
__device__ __forceinline__ const Item* next(const Item* item) { return item + gridDim.x; }

/// Walks through the stages of a CTA's items, some at a time.
struct StageWalk {
  const Item* item;
  Item current;
  int stage;  ///< of the current item

  __device__ __forceinline__ StageWalk(const Item* begin, int first)
      : item(begin), current(load_item(begin)), stage(first) {
    settle();
  }
  [[nodiscard]] __device__ __forceinline__ bool done() const { return is_end(current); }
  __device__ __forceinline__ void advance(int step) {
    stage += step;
    settle();
  }

 private:
  __device__ __forceinline__ void settle() {
    while (stage >= current.stages && !is_end(current)) {
      stage -= current.stages;
      item = next(item);
      current = load_item(item);
    }
  }
};

// --- gather -----------------------------------------------------------------------------------

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

  /// Ids of a stage's rows, spread over the lanes.
  __device__ __forceinline__ void load_rows(const StageWalk& walk, int (&rows)[kRowWords]) const {
    if (walk.done()) return;
    const int32_t* from =
        p.rows + static_cast<int64_t>(walk.current.first_stage + walk.stage) * C::kStageRows;
#pragma unroll
    for (int i = 0; i < kRowWords; ++i) rows[i] = __ldg(from + i * 32 + lane);
  }

  __device__ __forceinline__ void copy(const Item& item, const int (&rows)[kRowWords],
                                       uint32_t slot) const {
    const int token = first_token(item);
    const int width = C::kNarrow ? width_of(item) : C::kWide;
    const int valid = min(width, p.M - token);
    const uint16_t* x = p.x + token;
    const int mine = (lane & 7) * 8;
#pragma unroll
    for (int i = 0; i < C::kStageRows / 8 / C::kGatherTeam; ++i) {
      const int block = i * C::kGatherTeam + part;
      const int word = i * C::kGatherTeam / 4;  // the same for all warps of a team
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int k = __shfl_sync(~0u, rows[word], (block * 8 + half * 4 + (lane >> 3)) & 31);
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
          const int k = __shfl_sync(~0u, rows[word], (block * 8 + rest_row[c]) & 31);
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

/// One of the gather warps. Its row ids are read two of its stages ahead; it never waits for data.
template <class C>
__device__ __forceinline__ void gather_role(const Params& p, const Ring<C>& ring, const Item* begin,
                                            int warp, int lane) {
  const int team = warp / C::kGatherTeam;
  const bool copies_weights = lane == 0 && warp % C::kGatherTeam == 0;
  const Gather<C> gather(p, lane, warp % C::kGatherTeam);
  StageWalk walk(begin, team), ahead(begin, team);
  Slot<C> slot{team, 1};
  int even[Gather<C>::kRowWords], odd[Gather<C>::kRowWords];
  const auto read_ahead = [&](int(&rows)[Gather<C>::kRowWords]) {
    gather.load_rows(ahead, rows);
    if (!ahead.done()) ahead.advance(C::kTeams);
  };
  const auto one = [&](int(&rows)[Gather<C>::kRowWords]) {
    barrier_wait(ring.empty(slot.index), slot.parity);
    if (copies_weights) {
      const int64_t stage = walk.current.first_stage + walk.stage;
      barrier_expect(ring.full(slot.index), C::kWeightBytes);
      copy_bulk(ring.weights(slot.index), p.weights + stage * C::kWeightBytes, C::kWeightBytes,
                ring.full(slot.index));
    }
    __syncwarp();
    gather.copy(walk.current, rows, ring.activations(slot.index));
    barrier_arrive_after_copies(C::kTwin ? ring.full(slot.index) : ring.landed(slot.index));
    read_ahead(rows);
    slot.advance(C::kTeams);
    walk.advance(C::kTeams);
  };
  read_ahead(even);
  read_ahead(odd);
  wait_for_previous_kernel();  // it may have written x; row ids and weights are nobody's results
  while (!walk.done()) {
    one(even);
    if (walk.done()) break;
    one(odd);
  }
  wait_all_copies();
}

/// One thread that hands stages on to the consumers.
template <class C>
__device__ __forceinline__ void relay_role(const Ring<C>& ring, const Item* begin) {
  Slot<C> slot{0, 0};
  for (StageWalk walk(begin, 0); !walk.done(); walk.advance(1), slot.advance(1)) {
    barrier_wait(ring.landed(slot.index), slot.parity);
    fence_for_async_proxy();
    barrier_arrive(ring.full(slot.index));
  }
}

// --- multiplication ---------------------------------------------------------------------------

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
        first_block_(C::kSplitTokens ? 0 : group * C::kBlocks),
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
    if constexpr (C::kTwin) fence_for_async_proxy();
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

// --- kernel -----------------------------------------------------------------------------------

/// kFinish: with bias and activation. Two kernels, as the code for the latter is large.
template <class C, class T, bool kFinish>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) tile_gemm(const Params p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  Ring<C> ring;
  // Opaque, or it is computed anew all over the loops.
  asm volatile("mov.u32 %0, %1;" : "=r"(ring.base) : "r"(shared_address(memory)));
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int s = 0; s < C::kStages; ++s) {
      barrier_init(ring.full(s), C::kTwin ? 32 + 1 : 2);  // copies' lanes or relay; weights
      barrier_init(ring.landed(s), 32 * C::kGatherTeam);
      barrier_init(ring.empty(s), C::kConsumerWarps);
    }
    barrier_init_done();
  }
  const Item* begin = p.items + blockIdx.x;
  __syncthreads();

  launch_dependents();
  const int group = warp / 4;
  if constexpr (C::kTwin) {
    if (group < C::kConsumers) {
      Consumer<C, T, kFinish>(p, ring, group, warp % 4, lane).run(begin);
    } else {
      gather_role<C>(p, ring, begin, 0, lane);
    }
  } else if (group == 0) {
    give_registers<C::kGatherRegisters>();
    if (warp < C::kGatherWarps) {
      gather_role<C>(p, ring, begin, warp, lane);
    } else if (C::kTrio && lane == 0) {
      relay_role<C>(ring, begin);
    }
  } else if (group <= C::kConsumers) {
    take_registers<C::kConsumerRegisters>();
    Consumer<C, T, kFinish>(p, ring, group - 1, warp % 4, lane).run(begin);
  } else {
    give_registers<C::kRelayRegisters>();
    if (warp % 4 == 0 && lane == 0) relay_role<C>(ring, begin);
  }
}

}  // namespace tvw::kernels::cuda::sm90
