/// @file The inner loops of the row plan in f32, on SIMD of whatever the processor has.
#pragma once

#include <cstdint>
#include <span>

namespace tvw::kernels::cpu {

/// Tokens that are worked on together.
inline constexpr int64_t kRowTokens = 8;
/// With AVX-512, which has registers for twice as many sums, of columns that share rows. Those with
/// rows of their own need registers for what they pick from.
inline constexpr int64_t kMostRowTokens = 16;

/// One group of columns of a tile (row_weights.hpp) times some tokens.
struct RowGroup {
  const float* weights = nullptr;  ///< [units][steps], 64-byte aligned
  int64_t unit_floats = 0;         ///< from one unit to the next
  int64_t steps = 0;
  int64_t units = 0;            ///< 4, 2 or 1
  const float* rows = nullptr;  ///< the tile's rows, as gathered
  /// Tokens that `rows` have room for: 1, kRowTokens, or kMostRowTokens if dense. Dense:
  /// [rows][width]; quads: [quads][width][4], where token t is at quad_token(t).
  int64_t width = 0;
  int64_t tokens = 0;     ///< 1 to width
  float* sums = nullptr;  ///< [tokens][sums_stride], `units` x kUnitColumns of each are written
  int64_t sums_stride = 0;
};

/// Where interleaving four rows of eight tokens leaves the four values of token t.
[[nodiscard]] constexpr int64_t quad_token(int64_t t) { return t % 4 * 8 + t / 4 * 4; }

void multiply_dense_group(const RowGroup& group);
/// `slots` is 1 or 2.
void multiply_quad_group(const RowGroup& group, int64_t slots);

/// Rows of `from` [K][width] that `ids` names (-1: zeros), one after the other.
/// REQUIRES: width is kRowTokens or kMostRowTokens; both aligned to a row.
void gather_tokens(const float* from, std::span<const int32_t> ids, int64_t width, float* to);

/// Rows of `from` [K][kRowTokens] that `ids` names (-1: zeros), as RowGroup wants those of quads.
/// REQUIRES: a multiple of four ids; both 32-byte aligned.
void gather_quads(const float* from, std::span<const int32_t> ids, float* to);

}  // namespace tvw::kernels::cpu
