/// @file Which column goes to which tile, when each tile takes a fixed number of columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tvw::patterns {

/// gain(n, t): the score that column n keeps in tile t. Tile T-1 may stand for "dropped" with gain
/// 0.
struct ColumnGains {
  int64_t columns = 0;
  int64_t tiles = 0;
  std::vector<uint32_t> values;  ///< [columns, tiles]

  ColumnGains(int64_t columns_in, int64_t tiles_in)
      : columns(columns_in),
        tiles(tiles_in),
        values(static_cast<size_t>(columns_in * tiles_in), 0) {}
  [[nodiscard]] uint32_t& at(int64_t n, int64_t t) {
    return values[static_cast<size_t>(n * tiles + t)];
  }
  [[nodiscard]] uint32_t at(int64_t n, int64_t t) const {
    return values[static_cast<size_t>(n * tiles + t)];
  }
};

/// Exchanges columns between two tiles, the best exchange first, until none gains. `tile_of`
/// [columns]; the number of columns of each tile stays as it was. Returns the summed gain that was
/// added.
int64_t improve_clusters(const ColumnGains& gains, std::vector<int32_t>& tile_of);

}  // namespace tvw::patterns
