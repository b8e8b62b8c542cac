/// @file Checks tiles that were made elsewhere, or finds some in a mask.
#pragma once

#include "tvw/patterns/pattern.hpp"

namespace tvw::patterns {

/// Share of the places that a layout stores which may be zero in the mask: weights that happen to
/// be 0.
inline constexpr double kSpareShare = 0.01;

/// Checks the selection's tiles; if it has none, tries tiles of consecutive surviving columns, then
/// (1:1) tiles of columns that keep the same rows. Rows of a tile are those that any of its columns
/// keeps, in their own order, and such that keep nothing where a group would be short of rows
/// without them.
[[nodiscard]] Conformity tile_conformity(const Selection& selection, int64_t granularity,
                                         NmRatio nm);

}  // namespace tvw::patterns
