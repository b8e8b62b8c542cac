/// @file Packed weights as tiles that tensor cores take: the step before any kernel's own order.
///
/// B is the sparse operand and stands on the left there, so "a tile" is F output features times the
/// rows of B (input features) they share. Host memory; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/kernels/executor.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw::kernels::cuda {

/// Some columns of B that share rows.
struct TensorCoreTile {
  std::vector<int32_t> rows;     ///< [L] row of B of each logical row; pads repeat one of the tile
  std::vector<int32_t> columns;  ///< [F] column of B, or -1
  /// Bits of the 16-bit type. Dense: [F][L]. Sparse 2:4: [F][L / 2], two of every four rows.
  std::vector<uint16_t> values;
  std::vector<uint8_t> positions;  ///< sparse: [F][L / 2] place in its quad, 0..3, ascending
};

struct TensorCoreTiles {
  int64_t K = 0;
  int64_t N = 0;
  int64_t features = 0;  ///< F, of every tile
  bool sparse = false;   ///< 2:4 along the rows
  std::vector<TensorCoreTile> tiles;

  /// Stored values times 2 x M: multiplications and additions that count (pads do not).
  double products = 0.0;
};

/// Formats "tw" (dense tiles), "tvw" and "nm" (2:4 tiles; N:M of at most 2 in 4, or 1:2). A tile
/// wider than `features` is split, a narrower one padded; L is a multiple of `row_step`. A tile
/// that keeps no row has L = 0; columns that are in no tile come in such tiles, behind the others.
/// REQUIRES: tensor_core_support(weights).ok, features > 0, row_step % 4 == 0.
[[nodiscard]] TensorCoreTiles make_tensor_core_tiles(const pack::PackedWeights& weights,
                                                     int64_t features, int64_t row_step);

/// How many tiles that makes.
/// REQUIRES: tensor_core_support(weights).ok
[[nodiscard]] int64_t tile_count(const pack::PackedWeights& weights, int64_t features);

/// Columns, pads and all, that its tiles multiply (those that have rows).
/// REQUIRES: tensor_core_support(weights).ok
[[nodiscard]] int64_t multiplied_columns(const pack::PackedWeights& weights, int64_t features);

/// Which weights make_tensor_core_tiles takes.
[[nodiscard]] Support tensor_core_support(const pack::PackedWeights& weights);

}  // namespace tvw::kernels::cuda
