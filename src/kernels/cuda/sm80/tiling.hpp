/// @file The shapes of the Ampere tile kernels, and where things are in their shared memory.
#pragma once

namespace tvw::kernels::cuda::sm80 {

/// A CTA of kRowWarps x kTokenWarps consumer warps, each of which multiplies kWarpBlocks x 16
/// features by kWarpTokens x 8 tokens, and kLoaders warps that fill the ring.
template <bool kSparse_, int kRowWarps_, int kTokenWarps_, int kWarpBlocks_, int kWarpTokens_,
          int kLoaders_, int kCtasPerSm_>
struct Tiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr int kRowWarps = kRowWarps_;
  static constexpr int kTokenWarps = kTokenWarps_;
  static constexpr int kWarpBlocks = kWarpBlocks_;
  static constexpr int kWarpTokens = kWarpTokens_;
  static constexpr int kLoaders = kLoaders_;
  static constexpr int kCtasPerSm = kCtasPerSm_;  ///< that the registers allow

  static constexpr int kConsumers = kRowWarps * kTokenWarps;
  static constexpr int kThreads = 32 * (kConsumers + kLoaders);
  static constexpr int kBlocks = kRowWarps * kWarpBlocks;
  static constexpr int kFeatures = 16 * kBlocks;
  static constexpr int kTokens = 8 * kTokenWarps * kWarpTokens;

  // A stage is a step of weights/fragment_order.hpp: two instructions.
  static constexpr int kStageRows = kSparse ? 64 : 32;
  static constexpr int kFragmentBytes = kSparse ? 1024 + 128 : 1024;
  static constexpr int kWeightBytes = kBlocks * kFragmentBytes;
  static constexpr int kRowBytes = kTokens * 2;
  static constexpr int kActivationBytes = kStageRows * kRowBytes;
  static constexpr int kStageBytes = kWeightBytes + kActivationBytes;

  /// Results on their way out, 16 features of a consumer: rows of tokens, 16 bytes longer than they
  /// are, as neighbours would meet in the same banks.
  static constexpr int kPatchPitch = kWarpTokens * 16 + 16;
  static constexpr int kPatchBytes = 16 * kPatchPitch;
  /// Besides the stages: patches, then two barriers for each of up to kMostStages stages.
  static constexpr int kMostStages = 8;
  static constexpr int kBarriersAt = kConsumers * kPatchBytes;
  static constexpr int kStagesAt = (kBarriersAt + 2 * 8 * kMostStages + 127) / 128 * 128;

  static_assert(kTokens % 64 == 0, "the swizzle needs whole groups of eight 16-byte pieces");
  static_assert(kRowBytes / 16 <= 32 && 32 % (kRowBytes / 16) == 0);
};

}  // namespace tvw::kernels::cuda::sm80
