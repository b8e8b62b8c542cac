/// @file What a pattern decided for one weight.
#pragma once

#include <optional>

#include "tvw/core/mask.hpp"
#include "tvw/core/tile_layout.hpp"

namespace tvw {

struct Selection {
  Mask mask;                        ///< [K, N]
  std::optional<TileLayout> tiles;  ///< TW and TVW only; agrees with `mask`
};

}  // namespace tvw
