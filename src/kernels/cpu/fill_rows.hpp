/// @file What all orders of weights for few tokens are filled by.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/cpu/assemble_tiles.hpp"
#include "kernels/cpu/row_weights.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {

/// Makes the tiles of `store` and fills them with `tiles`: rows are rows_of(from), up to whole
/// steps of `step_rows`; floats_of(tile) is what a tile takes; fill(from, tile) fills it, on many
/// threads.
template <class Tile, class RowsOf, class FloatsOf, class Fill>
void fill_rows(int64_t N, int64_t step_rows, const std::vector<Tile>& tiles, RowStore& store,
               const RowsOf& rows_of, const FloatsOf& floats_of, const Fill& fill) {
  int64_t floats = 0;
  for (const Tile& from : tiles) {
    RowTile tile{from.columns, rows_of(from), floats, 0};
    tile.steps = parts_of(std::ssize(tile.rows), step_rows);
    tile.rows.resize(static_cast<size_t>(tile.steps * step_rows), -1);
    floats += floats_of(tile);
    store.products += static_cast<double>(from.weights.size());
    store.tiles.push_back(std::move(tile));
  }
  store.data.resize(static_cast<size_t>(floats));
  parallel_for(std::ssize(tiles), [&](int64_t t) {
    fill(tiles[static_cast<size_t>(t)], store.tiles[static_cast<size_t>(t)]);
  });
  RowTile rest;
  rest.columns = columns_in_none(N, store.tiles);
  if (!rest.columns.empty()) store.tiles.push_back(std::move(rest));
}

}  // namespace tvw::kernels::cpu
