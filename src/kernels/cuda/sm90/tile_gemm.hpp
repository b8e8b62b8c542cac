/// @file The Hopper tile kernels as the host sees them: their variants and how to launch one.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/cuda/common/items.hpp"
#include "tvw/core/dtype.hpp"

namespace tvw::kernels::cuda::sm90 {

/// Arguments of a launch; device memory.
struct Params {
  const uint16_t* x = nullptr;       ///< [K, ld]
  uint16_t* y = nullptr;             ///< [N, ld]
  const Item* items = nullptr;       ///< Schedule::items
  const int32_t* rows = nullptr;     ///< StageOrder::rows
  const int32_t* columns = nullptr;  ///< StageOrder::columns
  const uint8_t* weights = nullptr;  ///< StageOrder::bytes
  const float* bias = nullptr;       ///< like `columns`, or null
  int64_t ld = 0;
  int M = 0;
  int activation = 0;  ///< kernels::Activation
  int splits = 1;      ///< CTAs of a cluster: they share a tile's stages, and have one item each
};

/// One instantiation of the kernel.
struct Variant {
  std::string_view name;  ///< "256x160+144": features x tokens of its tiles
  bool sparse = false;
  DType dtype = DType::kF16;
  int features = 0;
  int wide = 0;
  int narrow = 0;
  int stage_rows = 0;
  int instructions = 0;    ///< wgmma steps per stage
  bool can_split = false;  ///< take Params::splits of more than 1
  int threads = 0;
  int shared_bytes = 0;
  const void* kernel = nullptr;            ///< void (*)(Params)
  const void* finishing_kernel = nullptr;  ///< the same with bias and activation
};

/// Every variant there is, for sparse (2:4) and dense tiles, f16 and bf16.
[[nodiscard]] std::span<const Variant> sparse_f16_variants();
[[nodiscard]] std::span<const Variant> sparse_bf16_variants();
[[nodiscard]] std::span<const Variant> dense_f16_variants();
[[nodiscard]] std::span<const Variant> dense_bf16_variants();

[[nodiscard]] inline std::span<const Variant> variants(bool sparse, DType dtype) {
  if (dtype == DType::kF16) return sparse ? sparse_f16_variants() : dense_f16_variants();
  return sparse ? sparse_bf16_variants() : dense_bf16_variants();
}

}  // namespace tvw::kernels::cuda::sm90
