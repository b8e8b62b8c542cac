#include "tvw/core/tile_layout.hpp"

#include "support/catch.hpp"

namespace tvw {
namespace {

/// Rows 0, 2 and 3 of columns 1 and 0, row 1 of column 3; column 2 keeps nothing.
TileLayout two_tiles() { return {2, {Tile{{2, 0, 3}, {1, 0}}, Tile{{1}, {3}}}}; }

Mask mask_of(const TileLayout& layout) {
  Mask mask(4, 4, false);
  for (const Tile& tile : layout.tiles) {
    for (const int32_t k : tile.kept_k) {
      for (const int32_t n : tile.kept_n) mask.keep(k, n);
    }
  }
  return mask;
}

TEST_CASE("tiles that hold all that a mask keeps", "[core]") {
  Mask mask = mask_of(two_tiles());
  CHECK(tiles_violation(two_tiles(), mask).empty());
  mask.drop(0, 1);  // tiles may hold more
  CHECK(tiles_violation(two_tiles(), mask).empty());
  CHECK(tiles_violation({2, {}}, Mask(4, 4, false)).empty());
}

TEST_CASE("tiles that do not fit their mask are refused with the place", "[core]") {
  const Mask mask = mask_of(two_tiles());
  const auto broken = [&](const auto& change) {
    TileLayout layout = two_tiles();
    change(layout);
    return tiles_violation(layout, mask);
  };
  CHECK(broken([](TileLayout& l) { l.granularity = 0; }) == "granularity 0, expected 1 or more");
  CHECK(broken([](TileLayout& l) { l.granularity = 1; }) == "tile 0: 2 columns, expected 1 to 1");
  CHECK(broken([](TileLayout& l) { l.tiles[1].kept_n[0] = 0; }) ==
        "tile 1: column 0 is used twice");
  CHECK(broken([](TileLayout& l) { l.tiles[0].kept_k[1] = 3; }) == "tile 0: row 3 is used twice");
  CHECK(broken([](TileLayout& l) { l.tiles[0].kept_k[1] = 4; }) ==
        "tile 0: row 4, expected an id below 4");
  CHECK(broken([](TileLayout& l) { l.tiles[1].kept_n[0] = -1; }) ==
        "tile 1: column -1, expected an id below 4");
  CHECK(broken([](TileLayout& l) { l.tiles[1].kept_n.clear(); }) ==
        "tile 1: 0 columns, expected 1 to 2");
  CHECK(broken([](TileLayout& l) { l.tiles.pop_back(); }) ==
        "mask keeps 7 weights, 6 of them inside of the tiles");
}

}  // namespace
}  // namespace tvw
