/// @file The inner loops of the row plan in f32, on SIMD of whatever the processor has.
#pragma once

#include <cstdint>

namespace tvw::kernels::cpu {

/// Tokens that are worked on together.
inline constexpr int64_t kRowTokens = 8;
/// With AVX-512, which has registers for twice as many sums.
inline constexpr int64_t kMostRowTokens = 16;

/// One group of columns of a tile (row_weights.hpp), over some of its steps, times some tokens.
struct RowGroup {
  const float* weights = nullptr;  ///< [units][steps], 64-byte aligned, at the first step
  int64_t unit_floats = 0;         ///< from one unit to the next
  int64_t steps = 0;
  int64_t units = 0;      ///< 4, 2 or 1
  float* rows = nullptr;  ///< of these steps, as gathered
  /// Rows of `block` (row_tiles.hpp) to gather into `rows` first; null: they are there.
  const int32_t* ids = nullptr;
  const float* block = nullptr;
  /// Tokens that `rows` have room for: 1, kRowTokens or kMostRowTokens. Dense: [rows][width];
  /// quads: [quads][width][4], where token t is at quad_token(t, width).
  int64_t width = 0;
  int64_t tokens = 0;  ///< 1 to width
  /// Sums so far, which these steps are added to, or null: [tokens][before_stride].
  const float* before = nullptr;
  int64_t before_stride = 0;
  float* sums = nullptr;  ///< [tokens][sums_stride], `units` x kUnitColumns of each are written
  int64_t sums_stride = 0;
};

/// Where interleaving four rows of `width` tokens leaves the four values of token t.
[[nodiscard]] constexpr int64_t quad_token(int64_t t, int64_t width) {
  return t % 4 * width + t / 4 * 4;
}

void multiply_dense_group(const RowGroup& group);
/// `slots` is 1 or 2.
void multiply_quad_group(const RowGroup& group, int64_t slots);

}  // namespace tvw::kernels::cpu
