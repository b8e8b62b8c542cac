/// @file Clocks and throttling, from NVML where the driver has it (opened at run time).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tvw::kernels::cuda {

/// Facts of now: SM and memory clock, temperature, power, throttle reasons, driver version. Empty
/// without NVML. Name, value.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> nvml_facts(int ordinal);

}  // namespace tvw::kernels::cuda
