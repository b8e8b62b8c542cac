// Dense tiles (TW), f16.
#include "kernels/cuda/sm80/tile_gemm.cuh"

namespace tvw::kernels::cuda::sm80 {

std::span<const Variant> dense_f16_variants() {
  static const std::vector<Variant> kVariants = all_variants<false, __half>(DType::kF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::sm80
