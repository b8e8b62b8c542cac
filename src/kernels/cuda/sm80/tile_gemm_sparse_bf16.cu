// 2:4 tiles (TVW, N:M), bf16.
#include "kernels/cuda/sm80/tile_gemm.cuh"

namespace tvw::kernels::cuda::sm80 {

std::span<const Variant> sparse_bf16_variants() {
  static const std::vector<Variant> kVariants = all_variants<true, __nv_bfloat16>(DType::kBF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::sm80
