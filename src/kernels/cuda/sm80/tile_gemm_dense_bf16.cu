// Dense tiles (TW), bf16.
#include "kernels/cuda/sm80/tile_gemm.cuh"

namespace tvw::kernels::cuda::sm80 {

std::span<const Variant> dense_bf16_variants() {
  static const std::vector<Variant> kVariants = all_variants<false, __nv_bfloat16>(DType::kBF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::sm80
