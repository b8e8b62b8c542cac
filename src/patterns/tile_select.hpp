/// @file What TW and TVW share: from scores to tiles, and from tiles to the mask.
#pragma once

#include "patterns/tile_plan.hpp"
#include "tvw/core/selection.hpp"

namespace tvw::patterns {

/// Tiles of `scores` [K, N]; a better Permute never keeps less score. Tiles without rows are left
/// out.
[[nodiscard]] Selection select_tiles(MatrixView<const float> scores, const TileDemand& demand,
                                     const SelectOptions& options);

/// Keeps, in every column of a tile, the nm.keep best of every nm.group packed rows (ties: the
/// earlier row).
[[nodiscard]] Mask mask_of(MatrixView<const float> scores, const TileLayout& layout, NmRatio nm);

/// Units of the global budget: one group of rows (TW: one row) in one tile of consecutive columns,
/// rows ranked inside the tile first, so that a group holds rows that live or die together.
[[nodiscard]] std::vector<Unit> tile_units(MatrixView<const float> scores, int64_t granularity,
                                           NmRatio nm);

}  // namespace tvw::patterns
