/// @file The list of variants; the tile_gemm_*.cu compile it for one kind of tile and one type each.
#pragma once

#include <vector>

#include "kernels/cuda/sm90/tile_gemm.cuh"

namespace tvw::kernels::cuda::sm90 {

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {name,        C::kSparse,      dtype,
          C::kFeatures, C::kWide,       C::kNarrow,
          C::kStageRows, C::kInstructions, C::kCtasPerSm,
          C::kThreads, C::kSharedBytes, reinterpret_cast<const void*>(&tile_gemm<C, T>)};
}

/// Named features x tokens of an output tile.
template <bool kSparse, class T>
std::vector<Variant> all_variants(DType dtype) {
  using enum Organisation;
  return {
      describe<Tiling<kWide, kSparse, 2, false, 160, 144, 4>, T>("256x160+144", dtype),
      describe<Tiling<kWide, kSparse, 2, false, 128, 64, 2>, T>("256x128+64", dtype),
      describe<Tiling<kWide, kSparse, 2, false, 128, 0, 2>, T>("256x128", dtype),
      describe<Tiling<kTwin, kSparse, 1, false, 128, 64, 1>, T>("128x128+64 twin", dtype),
      describe<Tiling<kTwin, kSparse, 1, false, 128, 0, 1>, T>("128x128 twin", dtype),
      describe<Tiling<kWide, kSparse, 1, true, 256, 0, 2>, T>("64x256", dtype),
      describe<Tiling<kTwin, kSparse, 1, true, 128, 0, 1>, T>("64x128 twin", dtype),
  };
}

}  // namespace tvw::kernels::cuda::sm90
