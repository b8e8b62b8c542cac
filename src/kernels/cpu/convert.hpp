/// @file bf16 from and to f32, vectors at a time; as bf16_to_f32() and f32_to_bf16() of
/// core/dtype.hpp.
#pragma once

#include <cstdint>
#include <span>

namespace tvw::kernels::cpu {

void bf16_to_f32(const uint16_t* from, int64_t count, float* to);
void f32_to_bf16(const float* from, int64_t count, uint16_t* to);
/// The first `count` of each row; rows are `from_ld` floats apart.
void f32_rows_to_bf16(const float* from, int64_t from_ld, int64_t count,
                      std::span<uint16_t* const> to);

/// Rows two by two, `from_ld` apart: to[p][i] = row 2p's i in the lower half, row 2p + 1's in the
/// upper; i < count, and `to_ld` from one p to the next.
void interleave_rows(const uint16_t* from, int64_t from_ld, int64_t pairs, int64_t count,
                     uint32_t* to, int64_t to_ld);

}  // namespace tvw::kernels::cpu
