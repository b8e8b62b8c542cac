/// @file The kernels by mma; the mma_gemm_*.cu compile them for one kind of tile and one type each.
#pragma once

#include <vector>

#include "kernels/cuda/decode/decode_gemm.cuh"

namespace tvw::kernels::cuda::decode {

/// Named features x tokens of a CTA.
template <bool kSparse, class T>
std::vector<Variant> all_mma_variants(DType dtype) {
  return {
      describe<MmaTiling<kSparse, 1, 2>, T>("32x8", dtype),
      describe<MmaTiling<kSparse, 1, 4>, T>("64x8", dtype),
      describe<MmaTiling<kSparse, 1, 8>, T>("128x8", dtype),
      describe<MmaTiling<kSparse, 1, 16>, T>("256x8", dtype),
      describe<MmaTiling<kSparse, 2, 2>, T>("32x16", dtype),
      describe<MmaTiling<kSparse, 2, 4>, T>("64x16", dtype),
      describe<MmaTiling<kSparse, 2, 8>, T>("128x16", dtype),
      describe<MmaTiling<kSparse, 2, 16>, T>("256x16", dtype),
      describe<MmaTiling<kSparse, 4, 4>, T>("64x32", dtype),
      describe<MmaTiling<kSparse, 4, 8>, T>("128x32", dtype),
      describe<MmaTiling<kSparse, 4, 16>, T>("256x32", dtype),
      describe<MmaTiling<kSparse, 8, 4>, T>("64x64", dtype),
      describe<MmaTiling<kSparse, 8, 8>, T>("128x64", dtype),
      describe<MmaTiling<kSparse, 8, 16>, T>("256x64", dtype),
  };
}

}  // namespace tvw::kernels::cuda::decode
