/// @file The executors' common plan: panels of tokens times tiles of columns.
///
/// run() has three passes over the threads: activations into panels; every (panel, tile) on its
/// own; and, for token-major results, transposition back. All scratch is allocated with the plan.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/aligned.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Columns that are computed together by one thread. Weights and offsets are in the order in which
/// the inner loops read them (panel_kernels.hpp).
struct PanelTile {
  std::vector<int32_t> columns;   ///< ids in B; group g has columns [g * width, ...)
  std::vector<int64_t> counts;    ///< entries per column of each group
  AlignedFloats weights;          ///< group after group, [count][width]; a missing column has 0
  std::vector<uint32_t> offsets;  ///< shared rows: [count] once a tile; else like `weights`
};

struct PanelWeights {
  int64_t K = 0;
  int64_t N = 0;
  bool shared_rows = false;  ///< the columns of a tile multiply the same rows: quads, else pairs
  int64_t chunk = 0;         ///< entries after which the next column is taken up, for the L1 cache
  std::vector<PanelTile> tiles;
  std::vector<int32_t> empty_columns;  ///< in no tile: bias and activation only

  [[nodiscard]] int64_t group_width() const { return shared_rows ? 4 : 2; }
  [[nodiscard]] int64_t entries() const;  ///< multiplications per row of A, padding included
  [[nodiscard]] int64_t size_bytes() const;
};

/// Byte offset of row k in a panel.
[[nodiscard]] uint32_t row_offset(int64_t k);
/// Rows of a panel that an offset can name.
inline constexpr int64_t kMaxRows = int64_t{1} << 23;

/// What all panel executors can do besides their format.
[[nodiscard]] Support panel_supports(const Problem& problem);

[[nodiscard]] std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelWeights weights,
                                                    std::string kernel);

}  // namespace tvw::kernels::cpu
