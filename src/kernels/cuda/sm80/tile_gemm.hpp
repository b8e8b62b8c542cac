/// @file The Ampere tile kernels as the host sees them.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/cuda/common/items.hpp"
#include "tvw/core/dtype.hpp"

namespace tvw::kernels::cuda::sm80 {

/// Arguments of a launch; device memory.
struct Params {
  const uint16_t* x = nullptr;    ///< [K, ld]
  uint16_t* y = nullptr;          ///< [N, ld]
  const Item* items = nullptr;    ///< Schedule::items; a stage is a step of the weights
  const int32_t* rows = nullptr;  ///< FragmentOrder, all of these
  const int32_t* columns = nullptr;
  const uint8_t* weights = nullptr;
  const float* bias = nullptr;  ///< like `columns`, or null
  int64_t ld = 0;
  int M = 0;
  int activation = 0;  ///< kernels::Activation
  int stages = 0;      ///< of the ring, as many as the device has shared memory for
  int ahead = 0;       ///< stages that are loaded before they are needed, less than `stages`
};

/// One instantiation of the kernel.
struct Variant {
  std::string_view name;  ///< "128x128": features x tokens of its tiles
  bool sparse = false;
  DType dtype = DType::kF16;
  int features = 0;
  int tokens = 0;
  int threads = 0;
  int ctas_per_sm = 0;  ///< that the registers allow
  int fixed_bytes = 0;  ///< of shared memory
  int stage_bytes = 0;  ///< of shared memory, per stage of the ring
  int most_stages = 0;
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

}  // namespace tvw::kernels::cuda::sm80
