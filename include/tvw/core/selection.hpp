/// @file What a pattern decided for one weight.
#pragma once

#include <optional>
#include <string>

#include "tvw/core/mask.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/tile_layout.hpp"

namespace tvw {

struct Selection {
  Mask mask;                        ///< [K, N]
  std::optional<TileLayout> tiles;  ///< TW and TVW only; agrees with `mask`
};

/// What was decided for a weight elsewhere.
struct NamedSelection {
  std::string name;                    ///< of the weight
  std::optional<PatternSpec> pattern;  ///< of which it is, where that is known
  Selection selection;
};

}  // namespace tvw
