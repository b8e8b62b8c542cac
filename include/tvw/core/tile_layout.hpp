/// @file How B[K, N] is cut into tiles by TW and TVW: which columns, which rows, in which order.
///
/// A kernel gathers rows through `kept_k` and scatters columns through `kept_n`, so both may be in
/// any order at no cost. The order of kept_k decides which rows share a 2:4 group
/// in TVW.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tvw/core/mask.hpp"

namespace tvw {

struct Tile {
  std::vector<int32_t> kept_k;  ///< [K_t] ids of rows of B in packed order, all different
  std::vector<int32_t> kept_n;  ///< [N_t] ids of columns of B, N_t <= granularity
  friend bool operator==(const Tile&, const Tile&) = default;
};

/// Every column of B is in at most one tile; a column in none is dropped whole.
struct TileLayout {
  int64_t granularity = 0;  ///< G
  std::vector<Tile> tiles;
  friend bool operator==(const TileLayout&, const TileLayout&) = default;
};

/// Why tiles cannot hold what `mask` [K, N] keeps, in one sentence: an id out of range or used
/// twice, a tile of no columns or too many, a weight outside of all tiles. Empty if they can.
[[nodiscard]] std::string tiles_violation(const TileLayout& layout, const Mask& mask);

}  // namespace tvw
