/// @file The CPU as a device.
#pragma once

#include <cstdint>
#include <memory>

#include "tvw/kernels/device.hpp"

namespace tvw::kernels::cpu {

[[nodiscard]] std::shared_ptr<Device> make_device();

/// Size of the last-level cache, of all of its parts together: what is to be evicted. 32 MiB where
/// the system does not say.
[[nodiscard]] int64_t last_cache_bytes();

/// Size of the part that one core reads through: 32 of 320 MiB on some processors.
[[nodiscard]] int64_t own_last_cache_bytes();

}  // namespace tvw::kernels::cpu
