/// @file What TW and TVW share: the index lists of their tiles.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/tile_layout.hpp"

namespace tvw::pack {

struct TileIndices {
  std::vector<int32_t> k_index;      ///< [L] row of B, or K for a pad row
  std::vector<int32_t> n_index;      ///< [T, G] column of B, or N for a pad column
  std::vector<int32_t> row_offsets;  ///< [T + 1], multiples of kRowStep
};

/// @throws Error kInvalidArgument ids out of range or used twice, granularity < 1 or a wider tile
/// @throws Error kPatternMismatch `mask` keeps a weight outside of `layout`
[[nodiscard]] TileIndices make_tile_indices(const Mask& mask, const TileLayout& layout);

/// Checks lists that were read from a file against K, N and G.
/// @throws Error kBadFile
void validate_tile_indices(const char* format, int64_t K, int64_t N, int64_t granularity,
                           const std::vector<int32_t>& k_index, const std::vector<int32_t>& n_index,
                           const std::vector<int32_t>& row_offsets);

}  // namespace tvw::pack
