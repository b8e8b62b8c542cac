// dense tiles (TW), f16.
#include "kernels/cuda/sm90/variants.cuh"

namespace tvw::kernels::cuda::sm90 {

std::span<const Variant> dense_f16_variants() {
  static const std::vector<Variant> kVariants = all_variants<false, __half>(DType::kF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::sm90
