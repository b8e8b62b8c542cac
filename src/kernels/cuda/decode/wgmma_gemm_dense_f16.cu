// dense tiles (TW), f16.
#include "kernels/cuda/decode/wgmma_variants.cuh"

namespace tvw::kernels::cuda::decode {

std::span<const Variant> wgmma_dense_f16_variants() {
  static const std::vector<Variant> kVariants = all_wgmma_variants<false, __half>(DType::kF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::decode
