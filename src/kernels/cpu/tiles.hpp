/// @file Packed weights as tiles in f32, whatever their format: what every kernel's own order is
/// made from.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/pack/packed_weights.hpp"

namespace tvw::kernels::cpu {

/// Columns of B that all multiply the same rows.
struct DenseTile {
  std::vector<int32_t> rows;     ///< ids in B
  std::vector<int32_t> columns;  ///< ids in B
  std::vector<float> weights;    ///< [rows, columns]
};

/// Rows of a quad: 2:4 and what else is stored in two bits.
inline constexpr int64_t kQuadRows = 4;

/// Columns of B that each multiply `slots` of every four of the tile's rows.
struct QuadTile {
  int64_t slots = 0;             ///< 1 to 4
  std::vector<int32_t> rows;     ///< [quads * 4] ids in B, or -1 for none
  std::vector<int32_t> columns;  ///< ids in B
  std::vector<float> weights;    ///< [quads, slots, columns]; 0 in a slot that is not used
  std::vector<uint8_t> places;   ///< like `weights`: 0 to 3, row of the quad, one that there is

  [[nodiscard]] int64_t quads() const { return std::ssize(rows) / kQuadRows; }
};

/// Slots of all of a format's tiles; 1 where there are none.
[[nodiscard]] int64_t slots_of(const std::vector<QuadTile>& tiles);

/// Quads as dense tiles: weights that are not kept are zero, rows of -1 are left out.
[[nodiscard]] std::vector<DenseTile> with_zeros(const std::vector<QuadTile>& tiles);

/// A tile's quads without the rows that there are none for.
struct KeptRows {
  std::vector<int32_t> rows;    ///< ids in B
  std::vector<int32_t> places;  ///< [quads * 4] among `rows`; -1: none
};
[[nodiscard]] KeptRows kept_rows(const QuadTile& tile);

/// A weight of a column, and the row it belongs to.
struct ColumnEntry {
  float weight = 0.0f;
  int32_t row = 0;
};

/// One for each tile of the format, without pads; tiles of no columns are left out. Dense and N:M
/// are cut into tiles of `width` columns.
[[nodiscard]] std::vector<DenseTile> make_dense_tiles(const DenseMatrix& weights, int64_t width);
[[nodiscard]] std::vector<DenseTile> make_dense_tiles(const pack::TwMatrix& weights);
[[nodiscard]] std::vector<DenseTile> make_dense_tiles(const pack::BlockEllMatrix& weights);
[[nodiscard]] std::vector<QuadTile> make_quad_tiles(const pack::TvwMatrix& weights);
[[nodiscard]] std::vector<QuadTile> make_quad_tiles(const pack::NmMatrix& weights, int64_t width);
/// [N] entries of each column, rows ascending.
[[nodiscard]] std::vector<std::vector<ColumnEntry>> make_columns(const pack::CsrMatrix& weights);

}  // namespace tvw::kernels::cpu
