// 2:4 tiles (TVW, N:M), f16.
#include "kernels/cuda/decode/mma_variants.cuh"

namespace tvw::kernels::cuda::decode {

std::span<const Variant> mma_sparse_f16_variants() {
  static const std::vector<Variant> kVariants = all_mma_variants<true, __half>(DType::kF16);
  return kVariants;
}

}  // namespace tvw::kernels::cuda::decode
