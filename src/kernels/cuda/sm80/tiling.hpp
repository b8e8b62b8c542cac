/// @file The shapes of the Ampere tile kernels, and where things are in their shared memory.
#pragma once

namespace tvw::kernels::cuda::sm80 {

/// A CTA of kRowWarps x kTokenWarps warps, each of which multiplies kWarpBlocks x 16 features by
/// kWarpTokens x 8 tokens. No warps of their own load: of nine warps a thread would get no more
/// than 168 registers, of eight 255.
template <bool kSparse_, int kRowWarps_, int kTokenWarps_, int kWarpBlocks_, int kWarpTokens_,
          int kCtasPerSm_>
struct Tiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr int kRowWarps = kRowWarps_;
  static constexpr int kTokenWarps = kTokenWarps_;
  static constexpr int kWarpBlocks = kWarpBlocks_;
  static constexpr int kWarpTokens = kWarpTokens_;
  static constexpr int kCtasPerSm = kCtasPerSm_;  ///< that the registers allow

  static constexpr int kWarps = kRowWarps * kTokenWarps;
  static constexpr int kThreads = 32 * kWarps;
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

  /// In front of the stages, two barriers for each of up to kMostStages.
  static constexpr int kMostStages = 8;
  static constexpr int kStagesAt = 2 * 8 * kMostStages;

  static_assert(kStagesAt % 128 == 0, "rows of activations are aligned to 128 bytes");
  static_assert(kTokens % 64 == 0, "the swizzle needs whole groups of eight 16-byte pieces");
  static_assert(kWarpTokens % 2 == 0, "results leave by 16 tokens");
};

}  // namespace tvw::kernels::cuda::sm80
