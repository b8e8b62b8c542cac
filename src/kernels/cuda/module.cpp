// Entry of libtvw_cuda.so: what the program finds when it loads the module.
#include "tvw/kernels/module.hpp"

#include <cuda_runtime_api.h>

#include <exception>
#include <string>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/cuda/executors.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int kLeastMajor = 8;  // Ampere

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Why there is no device, in one sentence.
std::string no_device_reason(cudaError_t error) {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return "no NVIDIA driver was found";
  }
  if (error == cudaErrorInsufficientDriver) {
    return "the driver is too old: it is for CUDA " + version_text(driver) +
           ", this module needs " + version_text(CUDART_VERSION / 1000 * 1000);
  }
  return std::string("no CUDA device can be used: ") + cudaGetErrorString(error);
}

void find_devices(ModuleContents& contents) {
  contents.detail = "CUDA " + version_text(CUDART_VERSION);
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    contents.detail += "; " + no_device_reason(error);
    return;
  }
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    const DeviceInfo info = read_device_info(ordinal);
    if (info.major < kLeastMajor) {
      contents.detail += "; " + info.name + " has compute capability " + info.capability() +
                         ", 8.0 or later is needed";
      continue;
    }
    contents.devices.push_back(make_device(info));
  }
}

}  // namespace
}  // namespace tvw::kernels::cuda

extern "C" __attribute__((visibility("default"))) bool tvw_module_entry(
    int abi, tvw::kernels::ModuleContents& contents) {
  using namespace tvw::kernels::cuda;
  if (abi != tvw::kernels::kModuleAbi) return false;
  // In order of preference.
  contents.executors = {&tvw_decode(),     &tw_decode(),
                        &nm_decode(),      &tvw_sm90(),
                        &tw_sm90(),        &nm_sm90(),
                        &tvw_sm80(),       &tw_sm80(),
                        &nm_sm80(),        &nm_cusparselt(),
                        &block_cusparse(), &csr_cusparse(),
                        &dense_cublaslt(), &dense_cublaslt_cold()};
  try {
    find_devices(contents);
  } catch (const std::exception& error) {
    contents.detail += std::string("; ") + error.what();
  }
  return true;
}
