/// @file Facts about the device that is driven.
#pragma once

#include <cstdint>
#include <string>

namespace tvw::kernels::cuda {

struct DeviceInfo {
  int ordinal = 0;
  std::string pci_bus_id;  ///< "0000:3b:00.0"
  std::string name;
  int major = 0;  ///< compute capability
  int minor = 0;
  int multiprocessors = 0;
  int64_t l2_bytes = 0;
  int64_t memory_bytes = 0;
  int64_t shared_bytes_per_sm = 0;
  int64_t shared_bytes_per_block = 0;  ///< that a kernel can opt in to

  [[nodiscard]] std::string capability() const {
    return std::to_string(major) + "." + std::to_string(minor);
  }
};

/// Asks the driver. @throws Error kUnsupported
[[nodiscard]] DeviceInfo read_device_info(int ordinal);

/// The device of this thread, asked once per ordinal. @throws Error kUnsupported
[[nodiscard]] const DeviceInfo& current_device();

/// Multiprocessors of the device of this thread that work is dealt to: all of them.
/// TVW_CUDA_MULTIPROCESSORS=k in the environment, for checks: k, so that a problem that a sanitizer
/// gets through has several output tiles for each. @throws Error kUnsupported
[[nodiscard]] int used_multiprocessors();

}  // namespace tvw::kernels::cuda
