/// @file Where the sums of a tile's columns go, whatever multiplies them.
#pragma once

#include <cstdint>

namespace tvw::kernels::cpu {

/// [columns] are padded to kGroupColumns.
struct ColumnSums {
  int64_t tokens = 0;            ///< a multiple of kVectorTokens
  float* const* sums = nullptr;  ///< [columns] -> [tokens]
  const float* start = nullptr;  ///< [columns] what sums start from; null: from what they are
  /// [columns] -> [tokens] of bf16 that get the finished sums, rounded (subnormal ones to 0); null:
  /// they stay in `sums`. REQUIRES: null where rows are f32.
  uint16_t* const* rounded = nullptr;
  /// Tokens at the beginning and at the end whose sums are not touched, less than kVectorTokens.
  /// REQUIRES: 0, but for PanelTiles that leave them out.
  int64_t lead = 0, tail = 0;
};

}  // namespace tvw::kernels::cpu
