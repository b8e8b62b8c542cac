/// @file Tile-vector-wise (TVW) packed form of B[K, N], host memory (arXiv 2402.10876, section IV).
///
/// TW whose tiles are N:M along their packed rows. Packed ("logical") rows come in quads of
/// `group`; each quad stores `keep` value rows. Value row r belongs to quad r / keep, element g of
/// it is B[k_index[group*(r/keep) + index(r,g)], n_index[tile][g]]. Indices ascend inside a quad
/// (canonical order); hardware metadata orders are made when a kernel is prepared and never stored.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/tile_layout.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::pack {

struct TvwMatrix {
  int64_t K = 0;
  int64_t N = 0;
  int64_t granularity = 0;       ///< G
  NmRatio nm;                    ///< is_packable() (nm.hpp)
  TypedBuffer values;            ///< [R, G], R = rows of k_index * keep / group
  std::vector<uint8_t> index;    ///< 2 bits per value, row-major like `values` (index2.hpp)
  std::vector<int32_t> k_index;  ///< [L] row of B, or K for a pad row
  std::vector<int32_t> n_index;  ///< [T, G] column of B, or N for a pad column
  std::vector<int32_t>
      row_offsets;  ///< [T + 1] first entry of k_index of each tile, in steps of kRowStep

  [[nodiscard]] int64_t tiles() const { return static_cast<int64_t>(row_offsets.size()) - 1; }
  [[nodiscard]] int64_t logical_rows() const { return static_cast<int64_t>(k_index.size()); }
  [[nodiscard]] int64_t packed_rows() const { return logical_rows() / nm.group * nm.keep; }
  friend bool operator==(const TvwMatrix&, const TvwMatrix&) = default;
};

/// Packs in the order that `layout` gives; kept_k order decides the quads.
/// @throws Error kInvalidArgument shapes differ, ids out of range or used twice
/// @throws Error kUnsupported group > 4 or kRowStep not a multiple of it
/// @throws Error kPatternMismatch a weight is kept outside of `layout`, or a quad keeps too many
[[nodiscard]] TvwMatrix pack_tvw(const DenseMatrix& weights, const Mask& mask,
                                 const TileLayout& layout, NmRatio nm);
[[nodiscard]] DenseMatrix unpack(const TvwMatrix& packed);
/// @throws Error kBadFile
void validate(const TvwMatrix& packed);

}  // namespace tvw::pack
