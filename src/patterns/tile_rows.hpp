/// @file How many rows each tile keeps.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/pattern_spec.hpp"

namespace tvw::patterns {

/// Rows of a tile come in steps of this or of a multiple: the K step of CPU kernels. Other counts
/// are padded by it.
inline constexpr int64_t kRowChunk = 16;

/// The step for a weight of K rows. GPU kernels take 64 rows at a time, which where K is large
/// costs no score that shows; where it is small, the finer choice counts for more.
[[nodiscard]] constexpr int64_t row_chunk(int64_t K) { return K >= 512 ? 64 : kRowChunk; }

/// Rows of values that `rows` packed rows store: `keep` of each whole group, of a last group with
/// fewer rows as many as it has.
[[nodiscard]] int64_t stored_rows(int64_t rows, NmRatio nm);

/// `ranked[t]`: scores of the rows of tile t, descending; `widths[t]`: its columns; `elements`:
/// stored rows times columns to keep over all tiles; `nm`: 1:1 for TW.
///
/// Chunks of row_chunk() rows are ranked over all tiles by their mean score (ties: lower tile) and
/// taken as long as they fit. The rest goes to the tile with the best next rows, rounded to whole
/// groups. So all tiles but one need no pad rows unless a tile keeps all K, and the sum is met to
/// within half a group of one tile.
[[nodiscard]] std::vector<int64_t> share_rows(const std::vector<std::vector<double>>& ranked,
                                              const std::vector<int64_t>& widths, double elements,
                                              NmRatio nm);

/// Ids of the rows of `scores` by descending score, ties by ascending id.
[[nodiscard]] std::vector<int32_t> rank_rows(const std::vector<double>& scores);

}  // namespace tvw::patterns
