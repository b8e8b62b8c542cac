/// @file Between B[K, N] and the order in which a model stores a weight.
#pragma once

#include "tvw/core/typed_buffer.hpp"

namespace tvw::io {

/// `stored` is [K, N], or [N, K] if `transposed`.
[[nodiscard]] DenseMatrix from_stored(TypedBuffer stored, int64_t K, int64_t N, bool transposed);
[[nodiscard]] TypedBuffer to_stored(DenseMatrix dense, bool transposed);

}  // namespace tvw::io
