/// @file The kernels by wgmma; the wgmma_gemm_*.cu compile them for one kind of tile and one type
/// each.
#pragma once

#include <vector>

#include "kernels/cuda/decode/decode_gemm.cuh"

namespace tvw::kernels::cuda::decode {

/// Named features x tokens of a CTA.
template <bool kSparse, class T>
std::vector<Variant> all_wgmma_variants(DType dtype) {
  return {
      describe<WgmmaTiling<kSparse, 4, 8>, T>("wgmma 128x32", dtype),
      describe<WgmmaTiling<kSparse, 4, 16>, T>("wgmma 256x32", dtype),
      describe<WgmmaTiling<kSparse, 8, 8>, T>("wgmma 128x64", dtype),
      describe<WgmmaTiling<kSparse, 8, 16>, T>("wgmma 256x64", dtype),
  };
}

}  // namespace tvw::kernels::cuda::decode
