/// @file Weights in the order in which wgmma reads them from shared memory, a K stage at a time.
///
/// One tile after the other, a tile's stages one after the other; a stage is
///   for each block of 64 features: `instructions` x 2 KiB of values, then (sparse) 64 words of 2:4
///   metadata for each of them.
/// 2 KiB hold 64 features x 16 stored values as 8x8 core matrices without swizzle: element (f, c)
/// is at byte (c/8 * 8 + f/8) * 128 + f%8 * 16 + c%8 * 2. A metadata word belongs to warp w, quad q
/// of lanes and half s: 16 bits of row 16w+q (low) and of row 16w+q+8 (high) for logical rows
/// 16s..16s+15; those of a stage's instructions lie side by side, from word ((w*8 + q)*2 + s) *
/// `instructions` on. Four bits per quad of rows: first place, second place.
/// (PTX ISA 9.0, "Asynchronous warpgroup level matrix instructions", sparse.)
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cuda/weights/tensor_core_tiles.hpp"

namespace tvw::kernels::cuda {

inline constexpr int64_t kBlockFeatures = 64;         ///< M of wgmma
inline constexpr int64_t kStoredPerInstruction = 16;  ///< values of a feature in one instruction

struct StageOrder {
  int64_t instructions = 0;  ///< wgmma steps per stage
  int64_t features = 0;      ///< of a tile
  bool sparse = false;
  std::vector<int32_t> first_stage;  ///< [tiles + 1]
  std::vector<int32_t> rows;         ///< [stages, stage_rows()] row of B
  std::vector<int32_t> columns;      ///< [tiles, features] column of B, or -1
  std::vector<uint8_t> bytes;        ///< [stages, stage_bytes()]

  [[nodiscard]] int64_t stage_rows() const { return instructions * (sparse ? 32 : 16); }
  [[nodiscard]] int64_t stage_bytes() const {
    return features / kBlockFeatures * instructions * (sparse ? 2048 + 256 : 2048);
  }
};

/// REQUIRES: tiles.features % 64 == 0, rows of every tile a multiple of the stage's.
[[nodiscard]] StageOrder to_stage_order(const TensorCoreTiles& tiles, int64_t instructions);

/// The way back: for tests, that no value or place is lost. Pads stay.
[[nodiscard]] TensorCoreTiles from_stage_order(const StageOrder& order, int64_t K, int64_t N);

}  // namespace tvw::kernels::cuda
