#include "kernels/cuda/common/launch.hpp"

#include <cuda_runtime_api.h>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/device_info.hpp"

namespace tvw::kernels::cuda {

void launch(const void* kernel, int grid, int threads, int shared_bytes, void** arguments) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(grid));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
  config.attrs = &attribute;
  config.numAttrs = current_device().major >= 9 ? 1 : 0;
  TVW_CUDA(cudaLaunchKernelExC(&config, kernel, arguments));
}

}  // namespace tvw::kernels::cuda
