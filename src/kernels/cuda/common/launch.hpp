/// @file Launching a kernel of this module.
#pragma once

namespace tvw::kernels::cuda {

/// `arguments` as for cudaLaunchKernel. From compute capability 9.0 on the kernel may start while
/// the one before it in the stream ends (programmatic dependent launch), so it has to call
/// wait_for_previous_kernel().
/// @throws Error kUnsupported
void launch(const void* kernel, int grid, int threads, int shared_bytes, void** arguments);

}  // namespace tvw::kernels::cuda
