/// @file Failures of CUDA calls as Error: "cudaMalloc: out of memory (error 2)".
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>

namespace tvw::kernels::cuda {

/// Does nothing on cudaSuccess. `call` is the name of the function, e.g. "cudaMalloc".
///
/// Tests make calls fail by the environment variable TVW_CUDA_FAIL="cudaMalloc:3:2": the third call
/// of that name is taken as failed with error 2, whatever it returned.
/// @throws Error kUnsupported with the call, what CUDA says, and the number
void check(cudaError_t error, const char* call);
/// The same for libraries with statuses of their own; 0 is success in all of them.
void check_status(int64_t status, const char* library, const char* call,
                  const char* text = nullptr);

/// The error of the launch before, which CUDA reports late.
void check_launch(const char* kernel);

}  // namespace tvw::kernels::cuda

/// TVW_CUDA(cudaFree(p)): checks the call and names it.
#define TVW_CUDA(call) ::tvw::kernels::cuda::check((call), #call)
