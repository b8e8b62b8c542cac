/// @file The shapes of the Ampere tile kernels, and where things are in their shared memory.
#pragma once

namespace tvw::kernels::cuda::sm80 {

/// A CTA of kRowWarps x kTokenWarps warps; each multiplies kWarpBlocks x 16 features by
/// kWarpTokens x 8 tokens.
template <bool kSparse_, int kRowWarps_, int kTokenWarps_, int kWarpBlocks_, int kWarpTokens_>
struct Tiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr int kRowWarps = kRowWarps_;
  static constexpr int kTokenWarps = kTokenWarps_;
  static constexpr int kWarpBlocks = kWarpBlocks_;
  static constexpr int kWarpTokens = kWarpTokens_;

  static constexpr int kWarps = kRowWarps * kTokenWarps;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kBlocks = kRowWarps * kWarpBlocks;
  static constexpr int kFeatures = 16 * kBlocks;
  static constexpr int kTokens = 8 * kTokenWarps * kWarpTokens;

  // A step of K: two instructions, as in weights/fragment_order.hpp.
  static constexpr int kStepRows = kSparse ? 64 : 32;
  static constexpr int kFragmentBytes = kSparse ? 1024 + 128 : 1024;
  static constexpr int kWeightBytes = kBlocks * kFragmentBytes;
  static constexpr int kRowBytes = kTokens * 2;
  static constexpr int kActivationBytes = kStepRows * kRowBytes;
  static constexpr int kStageBytes = kWeightBytes + kActivationBytes;
  static constexpr int kIdBytes = kStepRows * 4;

  /// Two CTAs of this fit an SM of compute capability 9.0, one of them an SM of 8.6 and 12.0.
  static constexpr int kMostSharedBytes = 99 * 1024;
  static constexpr int kStagesThatFit = (kMostSharedBytes - 8 * kIdBytes) / kStageBytes;
  static constexpr int kStages = kStagesThatFit > 4 ? 4 : kStagesThatFit;
  /// Ids of a stage's rows are read two rings ahead.
  static constexpr int kIdStages = 2 * kStages;

  static constexpr int kActivationsAt = kStages * kWeightBytes;
  static constexpr int kIdsAt = kStages * kStageBytes;
  static constexpr int kRingBytes = kIdsAt + kIdStages * kIdBytes;
  /// Results on their way out, a region per warp: rows of tokens, 16 bytes longer than they are, as
  /// neighbours would meet in the same banks.
  static constexpr int kPatchPitch = kWarpTokens * 16 + 16;
  static constexpr int kPatchBytes = kWarpBlocks * 16 * kPatchPitch;
  static constexpr int kSharedBytes =
      kRingBytes > kWarps* kPatchBytes ? kRingBytes : kWarps* kPatchBytes;

  static_assert(kStages >= 2, "the ring is too short");
  static_assert(kTokens % 64 == 0, "the swizzle needs whole groups of eight 16-byte pieces");
};

}  // namespace tvw::kernels::cuda::sm80
