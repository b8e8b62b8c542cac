/// @file The three inner loops of the tile search, on scores as bytes, for the best SIMD of the
/// machine.
///
/// All sums are of integers, so that every instruction set gives the same bits.
#pragma once

#include <cstdint>

#include "tvw/core/pattern_spec.hpp"

namespace tvw::patterns {

/// Columns that are worked on together; widths and leading dimensions are multiples of it.
inline constexpr int64_t kLane = 64;
/// Most rows of a group that kth_largest and group_gains keep.
inline constexpr int64_t kMaxKeep = 16;

/// out[c], c in [0, 64): the score that column c keeps if `rows` (ids of rows of `scores`, whose
/// first column is c = 0) come in groups of nm.group and each keeps its nm.keep largest. The last
/// may be short.
void group_gains(const uint8_t* scores, int64_t ld, const int32_t* rows, int64_t row_count,
                 NmRatio nm, uint32_t* out);

/// out[c], c in [0, width): the keep-th largest of the `count` rows; 0 if there are fewer.
void kth_largest(const uint8_t* const* rows, int64_t count, int64_t keep, int64_t width,
                 uint8_t* out);

/// out[i] = sum over c in [0, width) of max(floor[c], tile[rows[i], c]), tile [*, width].
void max_sums(const uint8_t* floor, const uint8_t* tile, const int32_t* rows, int64_t count,
              int64_t width, uint32_t* out);

}  // namespace tvw::patterns
