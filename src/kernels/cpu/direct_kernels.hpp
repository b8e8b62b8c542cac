/// @file The inner loop of the direct plan in f32, on SIMD of whatever the processor has.
#pragma once

#include <cstdint>

namespace tvw::kernels::cpu {

/// Tokens that are multiplied together.
inline constexpr int64_t kDirectTokens = 6;

/// Some rows of a tile of RowWeights, all of its columns, times some tokens of A as they lie.
struct DirectTask {
  const float* weights = nullptr;  ///< [units][rows][kUnitColumns], 64-byte aligned
  int64_t unit_floats = 0;         ///< from one unit to the next
  int64_t units = 0;
  const int32_t* rows = nullptr;  ///< [row_count] features of A
  int64_t row_count = 0;
  const float* a = nullptr;  ///< [tokens][a_stride]
  int64_t a_stride = 0;
  int64_t tokens = 0;
  /// What the products are added to: [tokens][before_stride]; a stride of 0: the same for all.
  const float* before = nullptr;
  int64_t before_stride = 0;
  float* sums = nullptr;  ///< [tokens][sums_stride], `units` x kUnitColumns of each are written
  int64_t sums_stride = 0;
};

void multiply_direct(const DirectTask& task);

}  // namespace tvw::kernels::cpu
