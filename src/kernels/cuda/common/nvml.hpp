/// @file Clocks and throttling, from NVML where the driver has it (opened at run time).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tvw::kernels::cuda {

/// Facts of now: SM and memory clock, temperature, power, throttle reasons, driver version. Empty
/// without NVML. Name, value. By the bus id, as NVML counts devices that CUDA does not see, and in
/// another order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> nvml_facts(
    const std::string& pci_bus_id);

}  // namespace tvw::kernels::cuda
