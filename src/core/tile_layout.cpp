#include "tvw/core/tile_layout.hpp"

#include <optional>
#include <utility>

namespace tvw {
namespace {

std::string in_tile(size_t tile, const std::string& what) {
  return "tile " + std::to_string(tile) + ": " + what;
}

/// Marks `ids`; says what is wrong if one is not below marked.size() or was marked before.
std::optional<std::string> mark(const std::vector<int32_t>& ids, const std::string& what,
                                std::vector<bool>& marked) {
  for (const int32_t id : ids) {
    if (id < 0 || std::cmp_greater_equal(id, marked.size())) {
      return what + " " + std::to_string(id) + ", expected an id below " +
             std::to_string(marked.size());
    }
    if (marked[static_cast<size_t>(id)]) return what + " " + std::to_string(id) + " is used twice";
    marked[static_cast<size_t>(id)] = true;
  }
  return std::nullopt;
}

/// Weights that `mask` keeps inside of the tile.
int64_t kept_inside(const Mask& mask, const Tile& tile) {
  int64_t kept = 0;
  for (const int32_t k : tile.kept_k) {
    for (const int32_t n : tile.kept_n) kept += mask.kept(k, n) ? 1 : 0;
  }
  return kept;
}

}  // namespace

std::string tiles_violation(const TileLayout& layout, const Mask& mask) {
  if (layout.granularity < 1) {
    return "granularity " + std::to_string(layout.granularity) + ", expected 1 or more";
  }
  std::vector<bool> columns(static_cast<size_t>(mask.cols()));
  int64_t kept = 0;
  for (size_t t = 0; t < layout.tiles.size(); ++t) {
    const Tile& tile = layout.tiles[t];
    if (tile.kept_n.empty() || std::cmp_greater(tile.kept_n.size(), layout.granularity)) {
      return in_tile(t, std::to_string(tile.kept_n.size()) + " columns, expected 1 to " +
                            std::to_string(layout.granularity));
    }
    if (const auto wrong = mark(tile.kept_n, "column", columns)) return in_tile(t, *wrong);
    std::vector<bool> rows(static_cast<size_t>(mask.rows()));
    if (const auto wrong = mark(tile.kept_k, "row", rows)) return in_tile(t, *wrong);
    kept += kept_inside(mask, tile);
  }
  if (kept == mask.kept_count()) return "";
  return "mask keeps " + std::to_string(mask.kept_count()) + " weights, " + std::to_string(kept) +
         " of them inside of the tiles";
}

}  // namespace tvw
