/// @file Tile-wise (TW) packed form of B[K, N], host memory (arXiv 2008.13006).
///
/// The tiles' packed rows lie one after the other. Tile t owns rows [row_offset(t),
/// row_offset(t+1)) of `values`; row r of it is B's row k_index[r] restricted to the tile's columns
/// n_index[t]. A tile's row count is a multiple of kRowStep: pad rows carry k_index = K and zero
/// values; pad columns of a tile narrower than G carry n_index = N and zero values.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/tile_layout.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::pack {

/// Logical K rows of a tile come in multiples of this: the K step of every kernel.
inline constexpr int64_t kRowStep = 16;

struct TwMatrix {
  int64_t K = 0;
  int64_t N = 0;
  int64_t granularity = 0;           ///< G
  TypedBuffer values;                ///< [R, G]
  std::vector<int32_t> k_index;      ///< [R] row of B, or K for a pad row
  std::vector<int32_t> n_index;      ///< [T, G] column of B, or N for a pad column
  std::vector<int32_t> row_offsets;  ///< [T + 1] first packed row of each tile

  [[nodiscard]] int64_t tiles() const { return static_cast<int64_t>(row_offsets.size()) - 1; }
  [[nodiscard]] int64_t packed_rows() const { return static_cast<int64_t>(k_index.size()); }
  friend bool operator==(const TwMatrix&, const TwMatrix&) = default;
};

/// Packs in the order that `layout` gives.
/// @throws Error kInvalidArgument shapes differ, ids out of range or used twice
/// @throws Error kPatternMismatch `mask` keeps a weight outside of `layout`
[[nodiscard]] TwMatrix pack_tw(const DenseMatrix& weights, const Mask& mask,
                               const TileLayout& layout);
[[nodiscard]] DenseMatrix unpack(const TwMatrix& packed);
/// @throws Error kBadFile
void validate(const TwMatrix& packed);

}  // namespace tvw::pack
