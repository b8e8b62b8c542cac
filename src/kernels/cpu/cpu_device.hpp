/// @file The CPU as a device.
#pragma once

#include <memory>

#include "tvw/kernels/device.hpp"

namespace tvw::kernels::cpu {

[[nodiscard]] std::shared_ptr<Device> make_device();

}  // namespace tvw::kernels::cpu
