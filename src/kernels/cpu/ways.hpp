/// @file The ways to go about a problem with packed weights, by rows and in panels, and which of
/// them is taken without measuring.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// What that depends on of a format's tiles.
struct TileKind {
  bool own_rows = false;  ///< columns multiply rows of their own, not all of their tile
  bool pairs = false;     ///< in bf16 they multiply pairs of rows
  bool row_plan = false;  ///< takes them, as does the direct plan
  bool amx_rows = false;  ///< and that by AMX
};

/// Whether columns multiply pairs of rows in bf16: where that is of use (multiplies_bf16()) and no
/// weight has to be rounded for it.
[[nodiscard]] bool multiplies_pairs(const Problem& problem, const TileKind& kind);

/// What multiplies panels.
enum class Multiplier : uint8_t {
  kKernels,  ///< loops over weights that they read
  kCode,     ///< made for the weights; there is none for bf16 rows that columns share
  kAmx,      ///< of bf16, all rows of a tile by all of its columns
};
[[nodiscard]] Multiplier multiplier_of(const Problem& problem, const TileKind& kind);

/// Whether AMX multiplies the rows of the row plan, not SIMD.
[[nodiscard]] bool multiplies_rows_by_amx(const Problem& problem, const TileKind& kind);

/// Columns that a tile has at most, by who multiplies it and what threads take up.
[[nodiscard]] int64_t tile_columns(const Problem& problem, const TileKind& kind,
                                   Multiplier multiplier, const PanelSplit& split);

/// What code is made for: rows of f32 where they are in A, if they are multiplied there, else those
/// of a panel.
[[nodiscard]] CodeUse code_use(const Problem& problem, const TileKind& kind,
                               const PanelSplit& split);

struct Way {
  int64_t rows = 0;     ///< of A, the last ones, by the row plan
  PanelSplit split;     ///< of the others
  bool direct = false;  ///< all of A by the direct plan, and none of it so

  /// For people and for what Tuning remembers.
  [[nodiscard]] std::string name() const;
};

/// Without measuring: a model. REQUIRES: kind.row_plan where there are no panels.
[[nodiscard]] Way model_way(const Problem& problem, const TileKind& kind);

/// All that are worth measuring, the model's first. Without `panels` those by rows only.
[[nodiscard]] std::vector<Way> all_ways(const Problem& problem, const TileKind& kind, bool panels);

[[nodiscard]] std::vector<std::string> names_of(const std::vector<Way>& ways);

}  // namespace tvw::kernels::cpu
