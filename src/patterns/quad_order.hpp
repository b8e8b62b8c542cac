/// @file Which rows of a tile share an N:M group ("quad"), and which rows stay out of the tile.
///
/// If one slot is taken out of every quad, then what a row is worth in a slot does not depend on
/// the other slots: sum over columns of max(keep-th largest of the quad's other rows, row) plus a
/// constant. So the rows of these slots and the rows outside of the tile are re-dealt by an
/// assignment with exact values; then comes the next slot.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/pattern_spec.hpp"

namespace tvw::patterns {

struct QuadEffort {
  int passes = 1;             ///< over all slots of a quad
  int64_t block_quads = 128;  ///< quads that are dealt together
  int64_t block_pool = 512;   ///< rows from outside that are dealt with them
  int sweeps = 3;             ///< of exchanges for one deal, at most
};

/// `tile` [K, width] bytes; `rows` the tile's rows in packed order, changed in place; their number
/// stays. The kept score (in bytes) never falls.
void order_rows(const uint8_t* tile, int64_t K, int64_t width, NmRatio nm, const QuadEffort& effort,
                std::vector<int32_t>& rows);

}  // namespace tvw::patterns
