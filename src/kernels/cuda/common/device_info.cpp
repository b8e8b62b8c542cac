#include "kernels/cuda/common/device_info.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "kernels/cuda/common/check.hpp"

namespace tvw::kernels::cuda {

DeviceInfo read_device_info(int ordinal) {
  cudaDeviceProp properties{};
  TVW_CUDA(cudaGetDeviceProperties(&properties, ordinal));
  char pci_bus_id[32] = {};
  TVW_CUDA(cudaDeviceGetPCIBusId(pci_bus_id, sizeof pci_bus_id, ordinal));
  return {ordinal,
          pci_bus_id,
          properties.name,
          properties.major,
          properties.minor,
          properties.multiProcessorCount,
          properties.l2CacheSize,
          static_cast<int64_t>(properties.totalGlobalMem),
          static_cast<int64_t>(properties.sharedMemPerMultiprocessor),
          static_cast<int64_t>(properties.sharedMemPerBlockOptin)};
}

const DeviceInfo& current_device() {
  thread_local std::map<int, DeviceInfo> known;
  int ordinal = 0;
  TVW_CUDA(cudaGetDevice(&ordinal));
  const auto found = known.find(ordinal);
  if (found != known.end()) return found->second;
  return known.emplace(ordinal, read_device_info(ordinal)).first->second;
}

int used_multiprocessors() {
  const int all = current_device().multiprocessors;
  const char* few = std::getenv("TVW_CUDA_MULTIPROCESSORS");
  return few != nullptr ? std::clamp(std::atoi(few), 1, all) : all;
}

}  // namespace tvw::kernels::cuda
