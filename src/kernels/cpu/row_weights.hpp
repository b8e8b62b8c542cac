/// @file Weights as the row kernels read them, for few tokens: 16 columns in the lanes, streamed
/// once.
///
/// A tile's columns are taken in units of 16 (the last filled up with zeros), its rows in steps,
/// its steps in chunks. They lie in the order they are read in: chunk after chunk, in a chunk unit
/// after unit, in a unit step after step. Where a chunk is all of a tile's rows, up to 4 units are
/// worked on together, as a group, so that a thread reads 4 streams: memory gives twice as much to
/// them as to one. In a step:
///   dense: 8 rows x 16 weights;
///   quads: 16 words of places, then 8 quads x slots x 16 weights. Bits 2i and 2i + 1 of a column's
///   word are the place of weight i of the unit: two bits of index for 32 of weight.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/tiles.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {

inline constexpr int64_t kUnitColumns = 16;
inline constexpr int64_t kGroupUnits = 4;  ///< of the largest group
inline constexpr int64_t kStepQuads = 8;
inline constexpr int64_t kDenseStepRows = 8;
inline constexpr int64_t kMostSlots = 2;  ///< that a word has places for

/// Units of the group that begins at unit `first` of `units`.
[[nodiscard]] constexpr int64_t group_units(int64_t first, int64_t units) {
  const int64_t left = units - first;
  return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/// From one stream of weights to the next: long ones are not a power of two apart, which could
/// bring all of them to the same sets of a cache and the same bank of memory.
[[nodiscard]] constexpr int64_t stream_floats(int64_t floats) {
  constexpr int64_t kLong = int64_t{64} << 10 >> 2, kPage = 4096 >> 2, kOdd = 17 * kUnitColumns;
  return floats < kLong ? floats : round_up(floats, kPage) + kOdd;
}

struct RowTile {
  std::vector<int32_t> columns;  ///< ids in B
  std::vector<int32_t> rows;     ///< [steps * rows of a step] ids in B, or -1 for none
  int64_t first = 0;             ///< of RowWeights::data
  int64_t steps = 0;

  [[nodiscard]] int64_t units() const { return parts_of(std::ssize(columns), kUnitColumns); }
};

/// What all orders of weights have.
struct RowStore {
  /// Every column is in one of them; those that nothing is left of are in tiles without rows.
  std::vector<RowTile> tiles;
  HostFloats data;
  double products = 0.0;  ///< per token

  [[nodiscard]] int64_t size_bytes() const;
  /// Where in a token's sums those of each tile begin, whole units, and where the last one's end.
  [[nodiscard]] std::vector<int64_t> first_sums() const;
  /// [N] where in them each column's is.
  [[nodiscard]] std::vector<int32_t> places(int64_t N) const;
};

struct RowWeights : RowStore {
  int64_t slots = 0;        ///< of a quad; 0: dense
  int64_t chunk_steps = 1;  ///< the last chunk of a tile may have fewer

  [[nodiscard]] int64_t step_rows() const {
    return slots == 0 ? kDenseStepRows : kStepQuads * kQuadRows;
  }
  [[nodiscard]] int64_t step_floats() const {
    return (slots == 0 ? kDenseStepRows : 1 + kStepQuads * slots) * kUnitColumns;
  }
  /// Of the chunk that begins with `step`.
  [[nodiscard]] int64_t steps_of_chunk(const RowTile& tile, int64_t step) const {
    return std::min(chunk_steps, tile.steps - step);
  }
  /// From one unit to the next in a chunk of `steps`.
  [[nodiscard]] int64_t unit_floats(int64_t steps) const {
    return stream_floats(steps * step_floats());
  }
  /// In `data`, of a unit in the chunk that begins with `step`. All chunks before are whole.
  [[nodiscard]] int64_t unit_at(const RowTile& tile, int64_t unit, int64_t step) const {
    const int64_t chunk = step / chunk_steps * tile.units() * unit_floats(chunk_steps);
    return tile.first + chunk + unit * unit_floats(steps_of_chunk(tile, step));
  }
};

/// `chunk_rows` of a tile are multiplied at a time: 1 or more, filled up to whole steps.
[[nodiscard]] RowWeights make_row_weights(int64_t N, const std::vector<DenseTile>& tiles,
                                          int64_t chunk_rows);
/// REQUIRES: all tiles have the same number of slots, at most kMostSlots.
[[nodiscard]] RowWeights make_row_weights(int64_t N, const std::vector<QuadTile>& tiles,
                                          int64_t chunk_rows);

}  // namespace tvw::kernels::cpu
