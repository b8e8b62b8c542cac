/// @file The shapes of the decode kernels, and where things are in their shared memory.
#pragma once

#include <cstdint>

#include "kernels/cuda/decode/decode_gemm.hpp"

namespace tvw::kernels::cuda::decode {

/// By mma. Tokens in blocks of 8 and features in blocks of 16, per CTA.
template <bool kSparse_, int kTokenBlocks_, int kFeatureBlocks_>
struct MmaTiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr int kTokenBlocks = kTokenBlocks_;
  static constexpr int kFeatureBlocks = kFeatureBlocks_;

  static constexpr int kConsumerWarps = 8;
  static constexpr int kCtasPerSm = kTokenBlocks > 2 ? 1 : 2;
  /// Two where the consumers' sums need the registers of two more.
  static constexpr int kProducerWarps = kTokenBlocks == 2 ? 2 : 4;
  static constexpr int kThreads = 32 * (kConsumerWarps + kProducerWarps);
  static constexpr int kBlocksPerWarp =
      kFeatureBlocks > kConsumerWarps ? kFeatureBlocks / kConsumerWarps : 1;
  /// Consumers with the same features take turns at the steps.
  static constexpr int kSlices = kConsumerWarps * kBlocksPerWarp / kFeatureBlocks;

  static constexpr int kStepRows = kSparse ? 64 : 32;
  static constexpr int kFragmentBytes = kSparse ? 1024 + 128 : 1024;
  static constexpr int kWeightBytes = kFeatureBlocks * kFragmentBytes;
  static constexpr int kActivationBytes = kTokenBlocks * kStepRows * 16;
  /// Partial sums of a share of the outputs, from every slice of every CTA of the cluster:
  /// [rank][slice][quad of the share] of 16 bytes. A quad is what a lane holds of one mma. A share
  /// is rounded up, which takes less than a quad more for every CTA.
  static constexpr int kQuads = kFeatureBlocks * kTokenBlocks * 32;
  static constexpr int kReceiveBytes = kSlices * (kQuads + kMostSplits) * 16;
  /// All of x, where there is one token and many rows: its elements are then picked from there.
  static constexpr int kStagedBytes = kTokenBlocks == 1 ? 24 * 1024 : 0;

  /// A second CTA beside this one may be the next kernel's, which so loads under this one's end.
  static constexpr int kMostSharedBytes = (kCtasPerSm == 2 ? 112 : 224) * 1024;
  static constexpr int kOtherBytes = kReceiveBytes + kStagedBytes + kFeatureBlocks * 16 * 4 + 1024;
  static constexpr int kSlotsThatFit =
      (kMostSharedBytes - kOtherBytes) / (kWeightBytes + kActivationBytes);
  /// A multiple of kSlices: a slot always belongs to the same consumers. Were it passed on between
  /// those that are ahead and those that are not, a barrier's parity could not tell its phases
  /// apart.
  static constexpr int kSlots = (kSlotsThatFit > 32 ? 32 : kSlotsThatFit) / kSlices * kSlices;

  static constexpr int kWeightsAt = 0;
  static constexpr int kActivationsAt = kSlots * kWeightBytes;
  static constexpr int kReceiveAt = kActivationsAt + kSlots * kActivationBytes;
  static constexpr int kStagedAt = kReceiveAt + kReceiveBytes;
  static constexpr int kColumnsAt = kStagedAt + kStagedBytes;
  static constexpr int kBarriersAt = kColumnsAt + kFeatureBlocks * 16 * 4;
  static constexpr int kSharedBytes = kBarriersAt + 8 * (2 * kSlots + 2);

  /// Where block of 8 tokens t of a row is in a slot: neither writing a row's blocks nor reading a
  /// block's rows meets bank conflicts.
  static __device__ __forceinline__ int place(int row, int t) {
    return (t * kStepRows + (row ^ t)) * 16;
  }
  static constexpr bool kByWgmma = false;

  static_assert(kSlots >= kProducerWarps && kSlots >= kSlices);
  static_assert(kSlices * kFeatureBlocks == kConsumerWarps * kBlocksPerWarp);
};

/// By wgmma, for 32 or 64 tokens: two consumer warpgroups, each half of the features.
template <bool kSparse_, int kTokenBlocks_, int kFeatureBlocks_>
struct WgmmaTiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr int kTokenBlocks = kTokenBlocks_;
  static constexpr int kFeatureBlocks = kFeatureBlocks_;

  static constexpr int kConsumerWarps = 8;
  static constexpr int kCtasPerSm = kFeatureBlocks * kTokenBlocks > 64 ? 1 : 2;  ///< by registers
  static constexpr int kProducerWarps = 4;
  static constexpr int kThreads = 32 * (kConsumerWarps + kProducerWarps + 1);  ///< and a relay
  static constexpr int kSlices = 1;

  // A step is a stage of weights/stage_order.hpp: two instructions, blocks of 64 features.
  static constexpr int kBlocks = kFeatureBlocks / 8;  ///< of 64 features, per consumer warpgroup
  static constexpr int kInstructions = 2;
  static constexpr int kInstructionRows = kSparse ? 32 : 16;
  static constexpr int kStepRows = kInstructions * kInstructionRows;
  static constexpr int kStageRows = kStepRows;
  static constexpr int kFragmentBytes = kSparse ? 1024 + 128 : 1024;
  static constexpr int kBlockBytes = 4 * kFragmentBytes;
  static constexpr int kWeightBytes = kFeatureBlocks * kFragmentBytes;
  static constexpr int kActivationBytes = kStepRows * 128;  ///< of 64 tokens, as the swizzle wants

  static constexpr int kQuads = kFeatureBlocks * kTokenBlocks * 32;
  static constexpr int kReceiveBytes = (kQuads + kMostSplits) * 16;
  static constexpr int kStagedBytes = 0;
  static constexpr int kMostSharedBytes = (kCtasPerSm == 2 ? 112 : 224) * 1024;
  static constexpr int kOtherBytes = kFeatureBlocks * 16 * 4 + 1024;
  static constexpr int kSlots =
      (kMostSharedBytes - kOtherBytes) / (kWeightBytes + kActivationBytes);

  // Activations first, as their swizzle wants 1 KiB alignment. Sums are received where the ring
  // was, once no CTA of the cluster reads it any more.
  static constexpr int kActivationsAt = 0;
  static constexpr int kWeightsAt = kSlots * kActivationBytes;
  static constexpr int kReceiveAt = 0;
  static constexpr int kStagedAt = 0;
  static constexpr int kColumnsAt = kWeightsAt + kSlots * kWeightBytes;
  static constexpr int kBarriersAt = kColumnsAt + kFeatureBlocks * 16 * 4;
  static constexpr int kSharedBytes = kBarriersAt + 8 * (3 * kSlots + 2);

  /// wgmma's 128-byte swizzle of a row's 64 tokens.
  static __device__ __forceinline__ int place(int row, int t) {
    return row * 128 + ((t ^ (row & 7)) << 4);
  }
  static constexpr bool kByWgmma = true;

  static_assert(kSlots >= kProducerWarps && kColumnsAt >= kReceiveBytes);
};

/// Addresses of a slot of the ring.
template <class C>
struct Ring {
  uint32_t base;
  __device__ __forceinline__ uint32_t weights(int slot) const {
    return base + C::kWeightsAt + slot * C::kWeightBytes;
  }
  __device__ __forceinline__ uint32_t activations(int slot) const {
    return base + C::kActivationsAt + slot * C::kActivationBytes;
  }
  __device__ __forceinline__ uint32_t full(int slot) const {
    return base + C::kBarriersAt + slot * 8;
  }
  __device__ __forceinline__ uint32_t empty(int slot) const {
    return base + C::kBarriersAt + (C::kSlots + slot) * 8;
  }
  /// A step's rows are there: for mma that is one of two things that make it full.
  __device__ __forceinline__ uint32_t landed(int slot) const {
    return C::kByWgmma ? base + C::kBarriersAt + (2 * C::kSlots + 2 + slot) * 8 : full(slot);
  }
  /// All partial sums are there.
  __device__ __forceinline__ uint32_t received() const {
    return base + C::kBarriersAt + 2 * C::kSlots * 8;
  }
  /// All of x is there.
  __device__ __forceinline__ uint32_t staged() const {
    return base + C::kBarriersAt + (2 * C::kSlots + 1) * 8;
  }
};

/// What a CTA has to do: some steps of a tile, for some of its blocks of features.
template <class C>
struct Work {
  int first_step;  ///< of all steps of the order
  int steps;
  int first_block;  ///< of the tile's
  int rank;         ///< of the CTA in its cluster

  __device__ __forceinline__ Work(const int32_t* first_steps, int blocks_per_tile, int group,
                                  int rank_, int splits)
      : rank(rank_) {
    const int tile = group * C::kFeatureBlocks / blocks_per_tile;
    const int first = __ldg(first_steps + tile);
    const int all = __ldg(first_steps + tile + 1) - first;
    const int begin = all * rank / splits;
    first_step = first + begin;
    steps = all * (rank + 1) / splits - begin;
    first_block = group * C::kFeatureBlocks - tile * blocks_per_tile;
  }
};

/// Step after step through the ring, `by` at a time.
template <class C>
struct Slot {
  int index;
  uint32_t parity;
  __device__ __forceinline__ void advance(int by) {
    index += by;
    if (index >= C::kSlots) {
      index -= C::kSlots;
      parity ^= 1;
    }
  }
};

}  // namespace tvw::kernels::cuda::decode
