/// @file Weights as AMX reads them for few tokens: f32, streamed once, two of four rows kept, the
/// rows of a column in the lanes.
///
/// Columns are taken in units and those in groups, as in row_weights.hpp, rows in steps of 8 quads.
/// A tile's groups lie one after the other, in a group step after step, in a step unit after unit:
/// one stream, from one tile to the next. In a step of a unit: 16 words of places, then 16 columns
/// x 8 quads x 2 kept weights. Bits 4i to 4i + 2 of a column's word are the place in kPlacePairs of
/// the rows that the weights of quad i are for; bit 4i + 3 is that of i, odd or even.
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

/// The bits of a column's word that say which quads are the odd ones.
inline constexpr uint32_t kAmxOddQuads = 0x80808080;

/// Of a step of a unit.
inline constexpr int64_t kAmxStepFloats = kUnitColumns * (1 + kAmxStepQuads * kAmxSlots);

/// Tiles have the row ids of one step more, of no rows: the kernel asks for the next step's rows.
struct AmxRowWeights : RowStore {
  /// In `data`, of the group that begins with a unit.
  [[nodiscard]] static int64_t group_at(const RowTile& tile, int64_t first_unit) {
    return tile.first + first_unit * tile.steps * kAmxStepFloats;
  }
};

/// REQUIRES: all tiles have kAmxSlots slots.
[[nodiscard]] AmxRowWeights make_amx_row_weights(int64_t N, const std::vector<QuadTile>& tiles);

}  // namespace tvw::kernels::cpu
