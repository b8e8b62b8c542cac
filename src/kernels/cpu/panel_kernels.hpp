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

/// Tokens of a panel: 8 vectors of AVX-512. Shorter blocks at the end are padded with zeros.
inline constexpr int64_t kPanelTokens = 128;

/// Two columns that each multiply `count` rows of their own: entry i of column c is
/// weights[2 * i + c] times the row at byte offset offsets[2 * i + c].
struct ColumnPair {
  const float* weights = nullptr;     ///< [count][2]
  const uint32_t* offsets = nullptr;  ///< [count][2]
  int64_t count = 0;
};

/// Four columns that multiply the same `count` rows: entry i of column c is weights[4 * i + c]
/// times the row at byte offset offsets[i].
struct ColumnQuad {
  const float* weights = nullptr;     ///< [count][4]
  const uint32_t* offsets = nullptr;  ///< [count]
  int64_t count = 0;
};

/// `tokens` of the panel, rounded up to whole vectors, are computed; `first` starts from zero, else
/// from what is in `out`.
struct PanelRange {
  const float* panel = nullptr;
  int64_t tokens = 0;
  bool first = true;
};

/// out[c] += products, c < 2; each out[c] has kPanelTokens floats, 64-byte aligned.
void multiply_pair(const PanelRange& range, const ColumnPair& columns, float* const out[2]);
/// The same for four columns.
void multiply_quad(const PanelRange& range, const ColumnQuad& columns, float* const out[4]);

/// to[r * to_ld + c] = from[c * from_ld + r] for r < rows, c < cols.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols);

/// values[i] = activation(values[i] + bias), one bias for all.
void finish_feature(float* values, int64_t count, float bias, Activation activation);
/// values[i] = activation(values[i] + bias[i]); `bias` may be null.
void finish_token(float* values, int64_t count, const float* bias, Activation activation);

/// "avx512", "avx2", "neon", "scalar": what the above run on here.
[[nodiscard]] std::string isa_name();

}  // namespace tvw::kernels::cpu
