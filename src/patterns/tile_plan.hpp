/// @file How many columns survive, and the widths of the tiles they are cut into.
#pragma once

#include <cstdint>
#include <vector>

#include "patterns/byte_scores.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw::patterns {

/// What TW, and TVW before its N:M, is asked for.
struct TileDemand {
  int64_t granularity = 64;  ///< G
  NmRatio nm{1, 1};          ///< 1:1 for TW
  double density = 1.0;      ///< share of (tile, row) elements to keep, before N:M

  /// What of `elements` is to be stored, after N:M.
  [[nodiscard]] double stored(int64_t elements) const {
    return density * nm.density() * static_cast<double>(elements);
  }
};

enum class ColumnOrder : uint8_t { kNatural, kBySum };

/// Widths of the tiles. A packed tile is G wide whatever it holds, so all are full, except: fewer
/// than G columns, or a density that needs all of them. `kEqual` drops the same share of columns
/// and rows; `kAuto` takes the number of tiles that keeps the most score when tiles take columns in
/// this order (ties: more columns).
[[nodiscard]] std::vector<int64_t> plan_tiles(const ByteScores& scores, const TileDemand& demand,
                                              Split split, ColumnOrder order);

/// The `count` columns with the largest sums (ties: lower first), in their own order or by
/// descending sum.
[[nodiscard]] std::vector<int32_t> top_columns(const ByteScores& scores, int64_t count,
                                               ColumnOrder order);

/// Sum over columns of each row of a tile [K, width].
[[nodiscard]] std::vector<double> row_sums(const std::vector<uint8_t>& tile, int64_t K,
                                           int64_t width);

/// Width in memory of a tile of so many columns.
[[nodiscard]] int64_t padded_width(int64_t columns);

}  // namespace tvw::patterns
