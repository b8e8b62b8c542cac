// dense tiles (TW), bf16.
#include "kernels/cuda/decode/mma_variants.cuh"

namespace tvw::kernels::cuda::decode {

std::span<const Variant> mma_dense_bf16_variants() {
  static const std::vector<Variant> kVariants =
      all_mma_variants<false, __nv_bfloat16>(DType::kBF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::decode
