/// @file What all ways of ordering tiles for a kernel have in common: every column of B must end up
/// in one. A `Tile` has `columns`, ids in B.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {

/// Ids below N that no tile has, ascending: columns that nothing is left of.
template <class Tile>
[[nodiscard]] std::vector<int32_t> columns_in_none(int64_t N, const std::vector<Tile>& tiles) {
  std::vector<bool> present(static_cast<size_t>(N));
  for (const Tile& tile : tiles) {
    for (const int32_t n : tile.columns) present[static_cast<size_t>(n)] = true;
  }
  std::vector<int32_t> columns;
  for (int64_t n = 0; n < N; ++n) {
    if (!present[static_cast<size_t>(n)]) columns.push_back(static_cast<int32_t>(n));
  }
  return columns;
}

/// Of parts of at most `most` columns, as even as they get.
[[nodiscard]] inline int64_t even_width(int64_t columns, int64_t most) {
  return parts_of(columns, std::max<int64_t>(1, parts_of(columns, most)));
}

/// The results of make(first, last) for runs of at most `width` of so many columns.
template <class Make>
[[nodiscard]] auto split_columns(int64_t columns, int64_t width, const Make& make) {
  std::vector<decltype(make(int64_t{}, int64_t{}))> parts;
  for (int64_t first = 0; first < columns; first += width) {
    parts.push_back(make(first, std::min(columns, first + width)));
  }
  return parts;
}

/// The tiles that build(part) returns for 0 to parts - 1, in this order, and empty ones of at most
/// `width` columns for those that are in none.
template <class Tile, class Build>
[[nodiscard]] std::vector<Tile> assemble_tiles(int64_t N, int64_t width, int64_t parts,
                                               const Build& build) {
  std::vector<std::vector<Tile>> built(static_cast<size_t>(parts));
  parallel_for(parts, [&](int64_t part) { built[static_cast<size_t>(part)] = build(part); });
  std::vector<Tile> tiles;
  for (auto& of_part : built) {
    std::move(of_part.begin(), of_part.end(), std::back_inserter(tiles));
  }
  const std::vector<int32_t> rest = columns_in_none(N, tiles);
  auto empty = split_columns(std::ssize(rest), width, [&](int64_t first, int64_t last) {
    Tile tile;
    tile.columns.assign(rest.begin() + first, rest.begin() + last);
    return tile;
  });
  std::move(empty.begin(), empty.end(), std::back_inserter(tiles));
  return tiles;
}

}  // namespace tvw::kernels::cpu
