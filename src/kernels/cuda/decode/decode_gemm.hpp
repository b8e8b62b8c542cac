/// @file The kernels for few tokens (decoding) as the host sees them.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "tvw/core/dtype.hpp"

namespace tvw::kernels::cuda::decode {

inline constexpr int64_t kMostTokens = 64;

/// Arguments of a launch; device memory.
struct Params {
  const uint16_t* x = nullptr;                 ///< element (k, m) at k * x_row + m * x_token
  uint16_t* y = nullptr;                       ///< element (n, m) at n * y_row + m * y_token
  const int32_t* first_instruction = nullptr;  ///< FragmentOrder, all of these
  const int32_t* rows = nullptr;
  const int32_t* columns = nullptr;
  const uint16_t* values = nullptr;
  const uint32_t* metadata = nullptr;
  const float* bias = nullptr;  ///< [N] or null
  int64_t x_row = 0, x_token = 0;
  int64_t y_row = 0, y_token = 0;
  int M = 0;
  int blocks_per_tile = 0;  ///< features / 16
  int splits = 1;           ///< CTAs (a cluster) that share the rows of the same features
  int activation = 0;       ///< kernels::Activation
  bool pieces = false;      ///< rows of x can be read 8 tokens at a time
};

/// One instantiation of the kernel.
struct Variant {
  std::string_view name;
  bool sparse = false;
  DType dtype = DType::kF16;
  int token_blocks = 0;    ///< of 8
  int feature_blocks = 0;  ///< of 16, per CTA
  int instructions = 0;    ///< in flight per warp
  int threads = 0;
  int shared_bytes = 0;
  const void* kernel = nullptr;  ///< void (*)(Params)
};

[[nodiscard]] std::span<const Variant> sparse_f16_variants();
[[nodiscard]] std::span<const Variant> sparse_bf16_variants();
[[nodiscard]] std::span<const Variant> dense_f16_variants();
[[nodiscard]] std::span<const Variant> dense_bf16_variants();

[[nodiscard]] inline std::span<const Variant> variants(bool sparse, DType dtype) {
  if (dtype == DType::kF16) return sparse ? sparse_f16_variants() : dense_f16_variants();
  return sparse ? sparse_bf16_variants() : dense_bf16_variants();
}

}  // namespace tvw::kernels::cuda::decode
