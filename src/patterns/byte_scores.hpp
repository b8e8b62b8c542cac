/// @file Scores as bytes: what the tile search works on. The mask itself is chosen on the exact
/// scores.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/matrix_view.hpp"

namespace tvw::patterns {

/// [K, ld] row-major, columns N to ld are 0; ld is a multiple of kLane.
struct ByteScores {
  int64_t K = 0;
  int64_t N = 0;
  int64_t ld = 0;
  std::vector<uint8_t> values;

  [[nodiscard]] const uint8_t* row(int64_t k) const { return values.data() + k * ld; }
};

/// Linear, rounded to nearest; the top promille or so of the scores saturates at 255, so that a few
/// giants do not flatten the rest.
[[nodiscard]] ByteScores quantise(MatrixView<const float> scores);

/// The columns of one tile, side by side: [K, width], columns past the last are 0.
[[nodiscard]] std::vector<uint8_t> gather_columns(const ByteScores& scores,
                                                  const std::vector<int32_t>& columns,
                                                  int64_t width);

}  // namespace tvw::patterns
