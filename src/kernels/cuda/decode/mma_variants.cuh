/// @file The kernels by mma; the mma_gemm_*.cu compile them for one kind of tile and one type each.
#pragma once

#include <vector>

#include "kernels/cuda/decode/decode_gemm.cuh"
#include "kernels/cuda/decode/mma_consumer.cuh"

namespace tvw::kernels::cuda::decode {

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) mma_gemm(const Params p) {
  extern __shared__ __align__(128) uint8_t memory[];
  decode_gemm<C, T>(p, memory, [&](const Ring<C>& ring, const Work<C>& work, int warp, int lane) {
    consume_by_mma<C, T>(p, ring, work, warp, lane);
  });
}

template <class C, class T>
Variant by_mma(std::string_view name, DType dtype) {
  return describe<C>(name, dtype, reinterpret_cast<const void*>(&mma_gemm<C, T>));
}

/// Named features x tokens of a CTA.
template <bool kSparse, class T>
std::vector<Variant> all_mma_variants(DType dtype) {
  return {
      by_mma<MmaTiling<kSparse, 1, 2>, T>("32x8", dtype),
      by_mma<MmaTiling<kSparse, 1, 4>, T>("64x8", dtype),
      by_mma<MmaTiling<kSparse, 1, 8>, T>("128x8", dtype),
      by_mma<MmaTiling<kSparse, 1, 16>, T>("256x8", dtype),
      by_mma<MmaTiling<kSparse, 2, 2>, T>("32x16", dtype),
      by_mma<MmaTiling<kSparse, 2, 4>, T>("64x16", dtype),
      by_mma<MmaTiling<kSparse, 2, 8>, T>("128x16", dtype),
      by_mma<MmaTiling<kSparse, 2, 16>, T>("256x16", dtype),
      by_mma<MmaTiling<kSparse, 4, 4>, T>("64x32", dtype),
      by_mma<MmaTiling<kSparse, 4, 8>, T>("128x32", dtype),
      by_mma<MmaTiling<kSparse, 4, 16>, T>("256x32", dtype),
      by_mma<MmaTiling<kSparse, 8, 4>, T>("64x64", dtype),
      by_mma<MmaTiling<kSparse, 8, 8>, T>("128x64", dtype),
      by_mma<MmaTiling<kSparse, 8, 16>, T>("256x64", dtype),
  };
}

}  // namespace tvw::kernels::cuda::decode
