/// @file What the dense library reaches on this device.
#pragma once

#include "tvw/core/dtype.hpp"

namespace tvw::kernels::cuda {

/// 1e9 multiplications and additions per second of an 8192^3 product, best algorithm.
/// @throws Error kUnsupported
[[nodiscard]] double measure_dense_gflops(DType dtype);

}  // namespace tvw::kernels::cuda
