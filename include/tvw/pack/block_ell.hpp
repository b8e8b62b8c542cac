/// @file Blocked-ELL of B[K, N], host memory, in the terms of cuSPARSE.
///
/// cuSPARSE multiplies a sparse left operand, so its matrix is B^T [N, K]: block row i holds the
/// columns [i*b, (i+1)*b) of B, and each of its ell_cols / b slots one b x b block of B^T,
/// row-major. All block rows have the same number of slots; an unused slot has column id -1 and
/// zero values. Blocks past the edge of B are filled with zeros.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/parts.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::pack {

struct BlockEllMatrix {
  int64_t K = 0;
  int64_t N = 0;
  int64_t ell_block_size = 0;        ///< b
  int64_t ell_cols = 0;              ///< slots per block row * b
  std::vector<int32_t> ell_col_ind;  ///< [ceil(N/b), ell_cols/b] K-block ids ascending, then -1
  TypedBuffer ell_values;            ///< [ceil(N/b), ell_cols/b, b (n), b (k)]

  [[nodiscard]] int64_t block_rows() const { return parts_of(N, ell_block_size); }
  [[nodiscard]] int64_t slots() const { return ell_cols / ell_block_size; }
  friend bool operator==(const BlockEllMatrix&, const BlockEllMatrix&) = default;
};

/// @throws Error kInvalidArgument shapes differ or block_size < 1
/// @throws Error kPatternMismatch `mask` keeps part of a block
[[nodiscard]] BlockEllMatrix pack_block_ell(const DenseMatrix& weights, const Mask& mask,
                                            int64_t block_size);
[[nodiscard]] DenseMatrix unpack(const BlockEllMatrix& packed);
/// @throws Error kBadFile
void validate(const BlockEllMatrix& packed);

}  // namespace tvw::pack
