/// @file Weights as AMX reads them for few tokens: f32, streamed once, two of four rows kept, the
/// rows of a column in the lanes.
///
/// Columns are taken in units and those in groups, as in row_weights.hpp, and units lie one after
/// the other, so that a thread reads a stream for each of a group's. Rows are taken in steps of 8
/// quads, a row for each half of a register's pairs: rows 0 and 1 of each quad, then rows 2 and 3
/// of each. In a step of a unit: 16 words of places, then 16 columns x (8 first kept weights, 8
/// second). Bits 4i to 4i + 2 of a column's word are the place in kPlacePairs of the rows that the
/// weights of quad i are for.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/cpu/row_weights.hpp"
#include "kernels/cpu/tiles.hpp"
#include "tvw/kernels/amx_registers.hpp"

namespace tvw::kernels::cpu {

static_assert(kUnitColumns == kAmxRows);

inline constexpr int64_t kAmxStepRows = 2 * kAmxPairs;
inline constexpr int64_t kAmxStepQuads = kAmxStepRows / kQuadRows;
inline constexpr int64_t kAmxSlots = 2;  ///< of a quad, the only number there is

/// Two rows of a quad, ascending.
inline constexpr std::array<std::array<uint8_t, 2>, 6> kPlacePairs{
    {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}};

/// Of a step of a unit.
inline constexpr int64_t kAmxStepFloats = kUnitColumns * (1 + kAmxStepQuads * kAmxSlots);

/// Tiles have the row ids of one step more, of no rows: the kernel asks for the next step's rows.
struct AmxRowWeights : RowStore {
  /// From one unit to the next in a tile of `steps`.
  [[nodiscard]] static int64_t unit_floats(int64_t steps) {
    return stream_floats(steps * kAmxStepFloats);
  }
  /// In `data`.
  [[nodiscard]] static int64_t unit_at(const RowTile& tile, int64_t unit) {
    return tile.first + unit * unit_floats(tile.steps);
  }
};

/// REQUIRES: all tiles have kAmxSlots slots.
[[nodiscard]] AmxRowWeights make_amx_row_weights(int64_t N, const std::vector<QuadTile>& tiles);

}  // namespace tvw::kernels::cpu
