/// @file The kernels by wgmma; the wgmma_gemm_*.cu compile them for one kind of tile and one type
/// each.
#pragma once

#include <vector>

#include "kernels/cuda/decode/decode_gemm.cuh"
#include "kernels/cuda/decode/wgmma_consumer.cuh"

namespace tvw::kernels::cuda::decode {

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) wgmma_gemm(const Params p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  decode_gemm<C, T>(p, memory, [&](const Ring<C>& ring, const Work<C>& work, int warp, int lane) {
    consume_by_wgmma<C, T>(p, ring, work, warp, lane);
  });
}

template <class C, class T>
Variant by_wgmma(std::string_view name, DType dtype) {
  return describe<C>(name, dtype, reinterpret_cast<const void*>(&wgmma_gemm<C, T>));
}

/// Named features x tokens of a CTA.
template <bool kSparse, class T>
std::vector<Variant> all_wgmma_variants(DType dtype) {
  return {
      by_wgmma<WgmmaTiling<kSparse, 4, 8>, T>("wgmma 128x32", dtype),
      by_wgmma<WgmmaTiling<kSparse, 4, 16>, T>("wgmma 256x32", dtype),
      by_wgmma<WgmmaTiling<kSparse, 8, 8>, T>("wgmma 128x64", dtype),
      by_wgmma<WgmmaTiling<kSparse, 8, 16>, T>("wgmma 256x64", dtype),
  };
}

}  // namespace tvw::kernels::cuda::decode
