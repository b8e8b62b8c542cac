/// @file The inner loops of all sparse CPU executors, on SIMD of whatever the processor has.
///
/// A *panel* holds a block of kPanelTokens tokens of the activations, feature by feature: row k is
/// the tokens' values of feature k, [K][kPanelTokens] floats. So a kept row of a tile is a
/// contiguous run, a row is found by its byte offset, and every product is one multiplication of a
/// run by a broadcast weight.
#pragma once

#include <cstdint>
#include <string>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Tokens of a panel: 4 vectors of AVX-512. Shorter blocks at the end are padded with zeros.
inline constexpr int64_t kPanelTokens = 64;
/// Rows that are worked on at a time: with the sums of 64 columns they fit an L1 cache of 48 KiB.
inline constexpr int64_t kChunkRows = 96;
/// Columns that the kernels take at once.
inline constexpr int64_t kGroupColumns = 4;

/// Some rows of a panel, one after the other, and how many of their tokens count.
struct ChunkRows {
  const float* rows = nullptr;  ///< [rows][kPanelTokens], 64-byte aligned
  int64_t tokens = 0;           ///< rounded up to whole vectors by the kernels
  bool first = true;            ///< sums start from zero, else from what they are
};

/// Four columns that each multiply `count` rows of their own: entry i of column c is
/// weights[4 * i + c] times the row at byte offset offsets[4 * i + c].
struct ListGroup {
  const float* weights = nullptr;     ///< [count][4]
  const uint16_t* offsets = nullptr;  ///< [count][4]
  int64_t count = 0;
};

/// Four columns that multiply the same rows, the first `count`.
struct SharedGroup {
  const float* weights = nullptr;  ///< [count][4]
  int64_t count = 0;
};

/// sums [4][kPanelTokens], 64-byte aligned, += products.
void multiply_lists(const ChunkRows& chunk, const ListGroup& group, float* sums);
void multiply_shared(const ChunkRows& chunk, const SharedGroup& group, float* sums);

/// to[r * to_ld + c] = from[c * from_ld + r] for r < rows, c < cols.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols);

/// Copies the rows of a panel that `rows` names, one after the other; both 64-byte aligned.
void gather_rows(const float* panel, const int32_t* rows, int64_t count, float* to);

/// values[i] = activation(values[i] + bias), one bias for all.
void finish_feature(float* values, int64_t count, float bias, Activation activation);
/// values[i] = activation(values[i] + bias[i]); `bias` may be null.
void finish_token(float* values, int64_t count, const float* bias, Activation activation);

/// "avx512", "avx2", "neon", "scalar": what the above run on here.
[[nodiscard]] std::string isa_name();

}  // namespace tvw::kernels::cpu
