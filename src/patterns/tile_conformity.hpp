/// @file Finds tiles in a mask that was made elsewhere.
#pragma once

#include "tvw/patterns/pattern.hpp"

namespace tvw::patterns {

/// Share of the places that a layout stores which may be zero in the mask: weights that happen to
/// be 0.
inline constexpr double kSpareShare = 0.01;

/// Tries tiles of consecutive surviving columns, then (1:1) tiles of columns that keep the same
/// rows. Rows of a tile are those that any of its columns keeps, in their own order, and such that
/// keep nothing where a group would be short of rows without them.
[[nodiscard]] Conformity tile_conformity(const Mask& mask, int64_t granularity, NmRatio nm);

}  // namespace tvw::patterns
