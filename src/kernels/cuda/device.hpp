/// @file A CUDA GPU as a Device.
#pragma once

#include <memory>

#include "kernels/cuda/common/device_info.hpp"
#include "tvw/kernels/device.hpp"

namespace tvw::kernels::cuda {

[[nodiscard]] std::shared_ptr<Device> make_device(const DeviceInfo& info);

}  // namespace tvw::kernels::cuda
