/// @file What a warp needs to store its results, see store_rows.cuh.
#pragma once

namespace tvw::kernels::cuda {

inline constexpr int kStagingBytes = 2048;  ///< of shared memory

}  // namespace tvw::kernels::cuda
