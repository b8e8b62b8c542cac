/// @file The shape of one product C[M,N] = A[M,K] * B[K,N]; B is the weight, the sparse side.
#pragma once

#include <cstdint>

namespace tvw {

struct GemmShape {
  int64_t M = 0;  ///< tokens or pixels
  int64_t N = 0;  ///< output features
  int64_t K = 0;  ///< input features

  /// Multiplications and additions of the dense product.
  [[nodiscard]] double dense_flops() const {
    return 2.0 * static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K);
  }
  friend bool operator==(const GemmShape&, const GemmShape&) = default;
};

}  // namespace tvw
