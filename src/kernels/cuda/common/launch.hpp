/// @file Launching a kernel of this module.
#pragma once

#include <cstdint>

namespace tvw::kernels::cuda {

/// `arguments` as for cudaLaunchKernel. From compute capability 9.0 on the kernel may start while
/// the one before it in the stream ends (programmatic dependent launch), so it has to call
/// wait_for_previous_kernel(). `cluster` CTAs form a cluster; more than one needs 9.0 too.
/// @throws Error kUnsupported
void launch(const void* kernel, int64_t grid, int threads, int shared_bytes, void** arguments,
            int cluster = 1);

}  // namespace tvw::kernels::cuda
