/// @file The executors' common plan: panels of tokens times tiles of columns.
///
/// run() has three passes over the threads: activations into panels; every (panel, tile) on its
/// own, its rows gathered and its sums kept in the L1 cache; and, for token-major results,
/// transposition back. Scratch is allocated with the plan or once per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/aligned.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Columns that one thread computes together, from rows that they share as a whole. The rows are
/// taken kChunkRows at a time; weights are in the order in which the inner loops read them
/// (panel_kernels.hpp): chunk after chunk, group of four columns after group.
struct PanelTile {
  std::vector<int32_t> columns;  ///< ids in B, at most kTileColumns; a missing one of the last four
                                 ///< has zero weights
  std::vector<int32_t> rows;     ///< ids in B, in the order of reading
  AlignedFloats weights;
  // Lists only; else every column multiplies every row.
  std::vector<int32_t> counts;    ///< [chunks][groups] entries of each column
  std::vector<uint16_t> offsets;  ///< like `weights`: byte offset of the row in its chunk

  [[nodiscard]] int64_t chunks() const;
  [[nodiscard]] int64_t groups() const;
};

/// Columns that one thread takes up together.
inline constexpr int64_t kTileColumns = 64;

struct PanelWeights {
  int64_t K = 0;
  int64_t N = 0;
  std::vector<PanelTile> tiles;
  std::vector<int32_t> empty_columns;  ///< in no tile: bias and activation only

  [[nodiscard]] int64_t entries() const;  ///< multiplications per row of A, padding included
  [[nodiscard]] int64_t size_bytes() const;
};

/// What all panel executors can do besides their format.
[[nodiscard]] Support panel_supports(const Problem& problem);

[[nodiscard]] std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelWeights weights,
                                                    std::string kernel);

}  // namespace tvw::kernels::cpu
