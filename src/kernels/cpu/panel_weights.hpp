/// @file Weights as the f32 panel kernels read them: tiles of columns, cut into chunks of rows.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/tiles.hpp"

namespace tvw::kernels::cpu {

/// Columns that one thread takes up together.
inline constexpr int64_t kTileColumns = 64;
/// Columns that multiply the same rows are taken so many at a time.
inline constexpr int64_t kGroupColumns = 8;
/// Rows that are worked on at a time: of kMostTokens tokens they take 20 of the 32 KiB or more of
/// an L1 cache. Whole groups of 2, 4, 8 and 16 rows. The same for all panels, as the order of
/// additions and with it the last bit of the results depends on it.
inline constexpr int64_t kChunkRows = 80;
/// Rows that ids of 16 bits reach, and code that is made for weights.
inline constexpr int64_t kMostRows = int64_t{1} << 16;

/// Columns and the rows they multiply: all of the tile's, or each column its own.
struct PanelTile {
  std::vector<int32_t> columns;  ///< ids in B
  std::vector<int32_t> rows;     ///< ids in B, in the order of reading; kChunkRows make a chunk
  /// Shared rows: [chunks][groups][rows of the chunk][kGroupColumns], zero for columns that the
  /// last group lacks. Own rows: [chunks][columns][entries].
  HostFloats weights;
  // Own rows only.
  std::vector<int32_t> counts;  ///< [chunks][columns] entries
  HostVector<uint16_t> ids;     ///< like `weights`: of the row in B

  [[nodiscard]] bool has_own_rows() const { return !counts.empty(); }
  /// Of shared rows: of the i-th row and the c-th column.
  [[nodiscard]] float shared_weight(int64_t i, int64_t c) const;
};

struct PanelWeights {
  int64_t K = 0;
  int64_t N = 0;
  /// Every column is in one of them; those that nothing is left of are in tiles without rows.
  std::vector<PanelTile> tiles;
  double products = 0.0;  ///< per token

  [[nodiscard]] int64_t size_bytes() const;
};

/// Tiles of more than kTileColumns columns are split.
[[nodiscard]] PanelWeights make_panel_weights(int64_t K, int64_t N,
                                              const std::vector<DenseTile>& tiles);
/// For columns with rows of their own, in tiles of at most `width` columns, as even as they get.
/// REQUIRES: K <= kMostRows
[[nodiscard]] PanelWeights make_panel_weights(int64_t K, int64_t N,
                                              const std::vector<QuadTile>& tiles, int64_t width);
/// The same; `columns` [N], as of make_columns().
[[nodiscard]] PanelWeights make_panel_weights(int64_t K, int64_t N,
                                              const std::vector<std::vector<ColumnEntry>>& columns,
                                              int64_t width);

}  // namespace tvw::kernels::cpu
