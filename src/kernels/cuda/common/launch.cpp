#include "kernels/cuda/common/launch.hpp"

#include <cuda_runtime_api.h>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/device_info.hpp"

namespace tvw::kernels::cuda {

void launch(const void* kernel, int64_t grid, int threads, int shared_bytes, void** arguments,
            int cluster) {
  cudaLaunchAttribute attributes[2]{};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed = 1;
  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim = {static_cast<unsigned>(cluster), 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(grid));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
  config.attrs = attributes;
  config.numAttrs = current_device().major < 9 ? 0 : cluster > 1 ? 2 : 1;
  TVW_CUDA(cudaLaunchKernelExC(&config, kernel, arguments));
}

}  // namespace tvw::kernels::cuda
