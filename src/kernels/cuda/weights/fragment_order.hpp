/// @file Weights in the order in which mma takes them into registers, 16 bytes a lane.
///
/// One tile after the other, a tile's steps one after the other. A step is two instructions of K;
/// it holds, for each block of 16 features, 1 KiB of values and then (sparse) 128 bytes of 2:4
/// metadata, so that any run of blocks of one step is contiguous.
/// Values: two instructions x 32 lanes x 16 bytes, the A fragment of mma.m16n8k16 (dense, 16 rows)
/// or mma.sp.m16n8k32 (sparse, 32 logical rows, 16 stored). Lane 4g + q holds, for features g and
/// g + 8, the stored values 2q, 2q + 1, and 2q + 8, 2q + 9.
/// Metadata: one word per lane. Lanes 4g, 4g + 1 hold those of the first instruction (sparsity
/// selector 0), lanes 4g + 2, 4g + 3 of the second (selector 1): 16 bits of feature g (low) and of
/// feature g + 8 (high) for logical rows 16s..16s+15, s = lane % 2; four bits per quad of rows:
/// first place, second place. (PTX ISA 9.0, "Matrix multiply-accumulate", sparse.)
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cuda/weights/tensor_core_tiles.hpp"

namespace tvw::kernels::cuda {

inline constexpr int64_t kFragmentFeatures = 16;
inline constexpr int64_t kStepInstructions = 2;

/// Rows of B that one step covers.
constexpr int64_t step_rows(bool sparse) { return kStepInstructions * (sparse ? 32 : 16); }
/// Bytes of one step and one block of 16 features.
constexpr int64_t fragment_bytes(bool sparse) { return 1024 + (sparse ? 128 : 0); }

struct FragmentOrder {
  int64_t features = 0;  ///< of a tile, a multiple of 16
  bool sparse = false;
  std::vector<int32_t> first_step;  ///< [tiles + 1]
  std::vector<int32_t> rows;        ///< [steps, step_rows()] row of B
  std::vector<int32_t> columns;     ///< [tiles, features] column of B, or -1
  std::vector<uint8_t> bytes;       ///< [steps, features / 16, fragment_bytes()]
};

/// REQUIRES: tiles.features % 16 == 0, rows of every tile a multiple of a step's.
[[nodiscard]] FragmentOrder to_fragment_order(const TensorCoreTiles& tiles);

/// The way back: for tests, that no value or place is lost. Pads stay.
[[nodiscard]] TensorCoreTiles from_fragment_order(const FragmentOrder& order, int64_t K, int64_t N);

}  // namespace tvw::kernels::cuda
