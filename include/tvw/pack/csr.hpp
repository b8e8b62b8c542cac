/// @file Compressed sparse rows of B[K, N], host memory: the packed form of unstructured sparsity.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::pack {

/// Row r of B holds elements [row_offsets[r], row_offsets[r+1]), columns ascending.
struct CsrMatrix {
  int64_t K = 0;
  int64_t N = 0;
  std::vector<int64_t> row_offsets;     ///< [K + 1]
  std::vector<int32_t> column_indices;  ///< [nnz]
  TypedBuffer values;                   ///< [nnz]
  friend bool operator==(const CsrMatrix&, const CsrMatrix&) = default;
};

/// Keeps exactly the weights that `mask` keeps, also those that are zero.
/// @throws Error kInvalidArgument shapes differ, or N does not fit 31 bits
[[nodiscard]] CsrMatrix pack_csr(const DenseMatrix& weights, const Mask& mask);
[[nodiscard]] DenseMatrix unpack(const CsrMatrix& packed);
/// @throws Error kBadFile sizes, order or ranges are inconsistent; call on anything read from a
/// file
void validate(const CsrMatrix& packed);

}  // namespace tvw::pack
