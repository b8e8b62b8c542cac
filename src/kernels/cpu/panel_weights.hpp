/// @file Weights as the panel kernels read them: tiles of columns, cut into chunks of rows.
///
/// A *panel* holds a block of tokens of the activations, feature by feature: row k is the tokens'
/// values of feature k. A kept row of a tile is so a contiguous run, and every product is one
/// multiplication of a run by a broadcast weight.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/cpu/host_memory.hpp"

namespace tvw::kernels::cpu {

/// Columns that one thread takes up together.
inline constexpr int64_t kTileColumns = 64;
/// Columns that multiply the same rows are taken so many at a time.
inline constexpr int64_t kGroupColumns = 8;
/// Tokens of the widest vector; panels are padded to a multiple.
inline constexpr int64_t kVectorTokens = 16;
inline constexpr int64_t kMostTokens = 64;  ///< of a panel: 4 vectors of AVX-512
/// Rows that are worked on at a time: of kMostTokens tokens they take 20 of the 32 KiB or more of
/// an L1 cache. Whole groups of 2, 4, 8 and 16 rows. The same for all panels, as the order of
/// additions and with it the last bit of the results depends on it.
inline constexpr int64_t kChunkRows = 80;

/// Bytes of a row of a panel.
[[nodiscard]] constexpr int64_t row_bytes(int64_t tokens) {
  return tokens * static_cast<int64_t>(sizeof(float));
}

/// Columns and the rows they multiply: all of the tile's, or each column its own.
struct PanelTile {
  std::vector<int32_t> columns;  ///< ids in B, at most kTileColumns
  std::vector<int32_t> rows;     ///< ids in B, in the order of reading; kChunkRows make a chunk
  /// Shared rows: [chunks][groups][rows of the chunk][kGroupColumns], zero for columns that the
  /// last group lacks. Own rows: [chunks][columns][entries].
  HostFloats weights;
  // Own rows only.
  std::vector<int32_t> counts;    ///< [chunks][columns] entries
  std::vector<uint32_t> offsets;  ///< like `weights`: byte offset of the row in the panel

  [[nodiscard]] bool has_own_rows() const { return !counts.empty(); }
};

struct PanelWeights {
  int64_t K = 0;
  int64_t N = 0;
  int64_t tokens = 0;  ///< of a panel
  /// Every column is in one of them; those that nothing is left of are in tiles without rows.
  std::vector<PanelTile> tiles;
  double products = 0.0;  ///< per token

  [[nodiscard]] int64_t size_bytes() const;
};

struct ColumnEntry {
  float weight = 0.0f;
  int32_t place = 0;  ///< of the row in the tile's rows
};
/// Entries of one column, places ascending.
struct ColumnList {
  int32_t column = 0;
  std::vector<ColumnEntry> entries;
};
/// REQUIRES: at most kTileColumns lists.
[[nodiscard]] PanelTile make_own_rows_tile(std::vector<int32_t> rows,
                                           const std::vector<ColumnList>& lists, int64_t tokens);

/// `weights` [rows, columns] row-major. More columns than a tile has become several tiles.
void add_shared_rows_tiles(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns,
                           const std::vector<float>& weights, std::vector<PanelTile>& tiles);

/// The tiles that `build` makes of parts 0 to count - 1, each on one thread, and tiles without rows
/// for the columns in [0, N) that are in none of these.
[[nodiscard]] PanelWeights make_panel_weights(
    int64_t K, int64_t N, int64_t tokens, int64_t count,
    const std::function<std::vector<PanelTile>(int64_t part)>& build);

/// 0, 1, ..., count - 1.
[[nodiscard]] std::vector<int32_t> iota(int64_t count);

}  // namespace tvw::kernels::cpu
