/// @file The inner loops of the panel plan in f32, on SIMD of whatever the processor has.
#pragma once

#include <cstdint>
#include <span>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Rows of activations, and what becomes of them.
struct Rows {
  const float* data = nullptr;   ///< [rows][stride]
  int64_t stride = 0;            ///< floats from one row to the next
  int64_t tokens = 0;            ///< that count, a multiple of kVectorTokens
  float* const* sums = nullptr;  ///< [columns] -> [tokens]
  /// [columns] what sums start from, e.g. the bias; null: from what they are.
  const float* start = nullptr;
};

/// Columns that each multiply rows of their own: column after column counts[c] entries, each
/// weights[i] times row ids[i].
struct OwnRows {
  const float* weights = nullptr;
  const uint16_t* ids = nullptr;
  const int32_t* counts = nullptr;
  int64_t columns = 0;
};

/// Columns that all multiply the first `rows` rows, [groups][rows][kGroupColumns]. The last group
/// is whole: sums and start have an entry for every column of it.
struct SharedRows {
  const float* weights = nullptr;
  int64_t rows = 0;
  int64_t groups = 0;
};

void multiply_own_rows(const Rows& rows, const OwnRows& columns);
void multiply_shared_rows(const Rows& rows, const SharedRows& columns);

/// Copies `tokens` floats of the rows that `ids` names, `stride` floats apart, one after the other;
/// `to` 64-byte aligned, tokens a multiple of kVectorTokens.
void gather_rows(const float* from, int64_t stride, std::span<const int32_t> ids, int64_t tokens,
                 float* to);

/// to[r * to_ld + c] = from[r * from_ld + c] for r < rows, c < cols.
void copy_rows(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols);

/// to[r * to_ld + c] = from[c * from_ld + r] for r < rows, c < cols.
void transpose(const float* from, int64_t from_ld, float* to, int64_t to_ld, int64_t rows,
               int64_t cols);

/// values[i] = activation(values[i]).
void activate(float* values, int64_t count, Activation activation);

}  // namespace tvw::kernels::cpu
