/// @file The shapes of the Hopper tile kernels, and what follows from them.
#pragma once

#include <cstdint>

namespace tvw::kernels::cuda::sm90 {

/// How the two consumer warpgroups of a CTA share its work.
enum class Sharing : uint8_t {
  kFeatures,  ///< each has half of an output tile's features, for all of its tokens
  kTurns,     ///< each has every other output tile: it stores while the other one multiplies
};

/// All of a kernel's compile-time choices. Tokens: widths of its output tiles, two or one (0).
template <bool kSparse_, Sharing kSharing_, int kBlocks_, int kWide_, int kNarrow_, int kTeams_,
          int kInstructions_ = 2, int kLag_ = 0>
struct Tiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr Sharing kSharing = kSharing_;
  static constexpr bool kTakeTurns = kSharing == Sharing::kTurns;
  static constexpr int kBlocks = kBlocks_;  ///< of 64 features, per consumer warpgroup
  static constexpr int kWide = kWide_;
  static constexpr int kNarrow = kNarrow_;
  static constexpr int kTeams = kTeams_;  ///< that fill a stage each
  /// Stages that the second consumer warpgroup stays behind the first, so that one multiplies while
  /// the other stores. Takes as many from what the ring holds for what is to come.
  static constexpr int kLag = kLag_;

  // One CTA per SM: two warpgroups of consumers and two of producers: gather warps, by teams of two
  // (one warp would take too long for a stage), one warp that starts the weights, and the relay.
  static constexpr int kConsumers = 2;
  static constexpr int kConsumerWarps = 4 * kConsumers;
  static constexpr int kWarpsPerStage = kTakeTurns ? 4 : kConsumerWarps;  ///< that consume it
  static constexpr int kGatherTeam = 2;
  static constexpr int kGatherWarps = kTeams * kGatherTeam;
  static constexpr int kStartWarp = 6, kRelayWarp = 7;  ///< of the producers
  static constexpr int kThreads = 128 * (kConsumers + 2);

  static constexpr int kInstructions = kInstructions_;  ///< wgmma steps per stage
  static constexpr int kInstructionRows = kSparse ? 32 : 16;
  static constexpr int kStageRows = kInstructions * kInstructionRows;
  static constexpr int kStageBlocks = kStageRows / 8;  ///< of rows, as the gather copies them
  static constexpr int kTileBlocks = kTakeTurns ? kBlocks : kBlocks * kConsumers;
  static constexpr int kFeatures = 64 * kTileBlocks;
  static constexpr int kColumns = (kWide + 63) / 64;  ///< of 64 tokens, in shared memory

  static constexpr int kActivationBytes = kColumns * kStageRows * 128;
  static constexpr int kBlockBytes = kInstructions * (2048 + (kSparse ? 256 : 0));
  static constexpr int kWeightBytes = kTileBlocks * kBlockBytes;
  static constexpr int kSharedLimit = 232448;
  static constexpr int kStagesThatFit = (kSharedLimit - 512) / (kActivationBytes + kWeightBytes);
  static constexpr int kStages = kStagesThatFit > 12 ? 12 : kStagesThatFit;

  // Offsets in shared memory; the activations come first, as their swizzle wants 1 KiB alignment.
  static constexpr int kWeightsAt = kStages * kActivationBytes;
  static constexpr int kBarriersAt = kWeightsAt + kStages * kWeightBytes;
  static constexpr int kSharedBytes = kBarriersAt + 8 * (3 * kStages + kTeams);

  // Registers per thread after setmaxnreg; at launch there are 128 a thread. Of 24, the fewest, the
  // producers take 22; with 224 for 192 accumulators ptxas would make the wgmmas wait for each
  // other.
  static constexpr int kAccumulators = kBlocks * kWide / 2;
  static constexpr int kConsumerRegisters = kAccumulators <= 128   ? 184
                                            : kAccumulators <= 160 ? 208
                                                                   : 232;
  static constexpr int kProducerRegisters = 256 - kConsumerRegisters;

  /// Whether the CTAs of a cluster may share a tile's stages. (More accumulators would spill where
  /// they are added up; of turns, one warpgroup would have nothing to do.)
  static constexpr bool kCanSplit = !kTakeTurns && kAccumulators <= 128;

  static_assert(kStages >= kTeams && kStages >= 3 + kLag, "the ring is too short");
  static_assert(kLag == 0 || !kTakeTurns, "who takes turns is a whole tile behind");
  static_assert(kGatherWarps <= kStartWarp);
  static_assert(kWide % 16 == 0 && kNarrow % 16 == 0 && kNarrow < kWide);
};

}  // namespace tvw::kernels::cuda::sm90
