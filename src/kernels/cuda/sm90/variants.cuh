/// @file The list of variants; the tile_gemm_*.cu compile it for one kind of tile and one type
/// each.
#pragma once

#include <vector>

#include "kernels/cuda/sm90/tile_gemm.cuh"

namespace tvw::kernels::cuda::sm90 {

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {name,
          C::kSparse,
          dtype,
          C::kFeatures,
          C::kWide,
          C::kNarrow,
          C::kStageRows,
          C::kInstructions,
          C::kCanSplit,
          C::kThreads,
          C::kSharedBytes,
          reinterpret_cast<const void*>(&tile_gemm<C, T, false>),
          reinterpret_cast<const void*>(&tile_gemm<C, T, true>)};
}

/// Named features x tokens of an output tile (wide + narrow), t teams of gather warps; r32: stages
/// of 32 rows, for where few are kept (the others: of 64, but dense ones for 256 features 32, too);
/// turns: the consumers take turns; lag: stages that one of them stays behind the other.
template <bool kSparse, class T>
std::vector<Variant> all_variants(DType dtype) {
  using enum Sharing;
  constexpr int k32Rows = kSparse ? 1 : 2, k64Rows = 2 * k32Rows;  // in wgmma steps
  std::vector<Variant> list{
      describe<Tiling<kSparse, kFeatures, 2, 192, 128, 3>, T>("256x192+128 t3", dtype),
      describe<Tiling<kSparse, kFeatures, 2, 160, 144, 3>, T>("256x160+144 t3", dtype),
      describe<Tiling<kSparse, kFeatures, 2, 128, 64, 3>, T>("256x128+64 t3", dtype),
      describe<Tiling<kSparse, kFeatures, 2, 96, 48, 3>, T>("256x96+48 t3", dtype),
      describe<Tiling<kSparse, kFeatures, 1, 192, 128, 3, k64Rows>, T>("128x192+128 t3", dtype),
      describe<Tiling<kSparse, kTurns, 2, 192, 128, 3, k64Rows>, T>("128x192+128 turns t3", dtype),
      describe<Tiling<kSparse, kTurns, 1, 192, 128, 3, k32Rows>, T>("64x192+128 turns t3 r32",
                                                                    dtype),
  };
  if constexpr (kSparse) {
    list.push_back(describe<Tiling<kSparse, kFeatures, 2, 128, 64, 3, k32Rows, 3>, T>(
        "256x128+64 t3 r32 lag3", dtype));
  }
  return list;
}

}  // namespace tvw::kernels::cuda::sm90
