/// @file Weights as AMX reads them: like pair_weights.hpp, but in registers of 16 columns x 16
/// pairs. A register multiplies every row by every column, so all columns of a tile multiply all of
/// its rows, also where they have a weight of zero.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/tiles.hpp"
#include "tvw/core/parts.hpp"
#include "tvw/kernels/amx_registers.hpp"

namespace tvw::kernels::cpu {

struct AmxTile {
  std::vector<int32_t> columns;   ///< ids in B
  std::vector<int32_t> features;  ///< ids in B, or -1 for none, two by two; whole steps
  /// [blocks][steps][kAmxRows columns][kAmxPairs] two bf16, the lower half for the feature that
  /// comes first; zero where there is no column or feature.
  HostVector<uint32_t> weights;

  /// Of kAmxRows columns.
  [[nodiscard]] int64_t blocks() const { return parts_of(std::ssize(columns), kAmxRows); }
  /// Of kAmxPairs pairs of features.
  [[nodiscard]] int64_t steps() const { return std::ssize(features) / (2 * kAmxPairs); }
};

struct AmxWeights {
  /// Every column is in one of them; those that nothing is left of are in tiles without features.
  std::vector<AmxTile> tiles;
  double products = 0.0;  ///< per token, zeros as well

  [[nodiscard]] int64_t size_bytes() const;
};

/// Weights must be bf16 already, in f32. Tiles of more than `width` columns are split.
[[nodiscard]] AmxWeights make_amx_weights(int64_t N, int64_t width,
                                          const std::vector<DenseTile>& tiles);
[[nodiscard]] AmxWeights make_amx_weights(int64_t N, int64_t width,
                                          const std::vector<QuadTile>& tiles);

}  // namespace tvw::kernels::cpu
