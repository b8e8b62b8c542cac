/// @file The kernels for few tokens (decoding) as the host sees them.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "tvw/core/dtype.hpp"

namespace tvw::kernels::cuda::decode {

inline constexpr int64_t kMostTokens = 64;
inline constexpr int kMostSplits = 8;  ///< CTAs of a cluster that every device can run

/// Arguments of a launch; device memory.
struct Params {
  const uint16_t* x = nullptr;          ///< element (k, m) at k * x_row + m * x_token
  uint16_t* y = nullptr;                ///< element (n, m) at n * y_row + m * y_token
  const int32_t* first_step = nullptr;  ///< DeviceWeights, all of these
  const int32_t* rows = nullptr;
  const int32_t* columns = nullptr;
  const uint8_t* weights = nullptr;
  const float* bias = nullptr;  ///< [N] or null
  int64_t x_row = 0, x_token = 0;
  int64_t y_row = 0, y_token = 0;
  int M = 0;
  int blocks_per_tile = 0;  ///< features / 16
  int splits = 1;           ///< CTAs (a cluster) that share the rows of the same features
  int activation = 0;       ///< kernels::Activation
  /// Bytes of a row of x that can be copied at a time: 16, 8, 4, or 2 where tokens do not lie side
  /// by side.
  int piece_bytes = 2;
  /// Rows of x come through registers, long before there is room for them in shared memory, and not
  /// by cp.async: M = 1 always, and 2, 4 or 8 tokens side by side.
  bool through_registers = false;
  int staged_bytes = 0;  ///< of x, where the kernel takes all of it into shared memory first; M = 1
};

/// One instantiation of the kernel.
struct Variant {
  std::string_view name;
  bool sparse = false;
  DType dtype = DType::kF16;
  int token_blocks = 0;    ///< of 8
  int feature_blocks = 0;  ///< of 16, per CTA
  int threads = 0;
  int shared_bytes = 0;
  int most_staged_bytes = 0;
  bool wgmma = false;            ///< weights then are in stage order, else in fragment order
  const void* kernel = nullptr;  ///< void (*)(Params)
};

/// By mma: compute capability 9.0 and later.
[[nodiscard]] std::span<const Variant> mma_sparse_f16_variants();
[[nodiscard]] std::span<const Variant> mma_sparse_bf16_variants();
[[nodiscard]] std::span<const Variant> mma_dense_f16_variants();
[[nodiscard]] std::span<const Variant> mma_dense_bf16_variants();

[[nodiscard]] inline std::span<const Variant> mma_variants(bool sparse, DType dtype) {
  if (dtype == DType::kF16) return sparse ? mma_sparse_f16_variants() : mma_dense_f16_variants();
  return sparse ? mma_sparse_bf16_variants() : mma_dense_bf16_variants();
}

/// By wgmma: 9.0 only.
[[nodiscard]] std::span<const Variant> wgmma_sparse_f16_variants();
[[nodiscard]] std::span<const Variant> wgmma_sparse_bf16_variants();
[[nodiscard]] std::span<const Variant> wgmma_dense_f16_variants();
[[nodiscard]] std::span<const Variant> wgmma_dense_bf16_variants();

[[nodiscard]] inline std::span<const Variant> wgmma_variants(bool sparse, DType dtype) {
  if (dtype == DType::kF16) {
    return sparse ? wgmma_sparse_f16_variants() : wgmma_dense_f16_variants();
  }
  return sparse ? wgmma_sparse_bf16_variants() : wgmma_dense_bf16_variants();
}

}  // namespace tvw::kernels::cuda::decode
