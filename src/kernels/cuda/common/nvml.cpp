#include "kernels/cuda/common/nvml.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <optional>

namespace tvw::kernels::cuda {
namespace {

// NVML's C interface (NVML API Reference): numbers and signatures are stable across drivers.
using NvmlDevice = void*;
constexpr int kSuccess = 0;
constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;
constexpr int kTemperatureGpu = 0;

struct ThrottleReason {
  uint64_t bit;
  const char* name;
};
constexpr ThrottleReason kThrottleReasons[] = {
    {0x1, "idle"},
    {0x2, "application clocks"},
    {0x4, "power cap"},
    {0x8, "hardware slowdown"},
    {0x10, "sync boost"},
    {0x20, "thermal (software)"},
    {0x40, "thermal (hardware)"},
    {0x80, "power brake"},
    {0x100, "display clocks"},
};

/// The library, opened and initialised once; never closed.
class Nvml {
 public:
  Nvml() : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) return;
    const auto init = function<int()>("nvmlInit_v2");
    ready_ = init != nullptr && init() == kSuccess;
  }

  [[nodiscard]] NvmlDevice device(const std::string& pci_bus_id) const {
    const auto by_id = function<int(const char*, NvmlDevice*)>("nvmlDeviceGetHandleByPciBusId_v2");
    NvmlDevice device = nullptr;
    if (!ready_ || by_id == nullptr) return nullptr;
    return by_id(pci_bus_id.c_str(), &device) == kSuccess ? device : nullptr;
  }
  [[nodiscard]] std::optional<unsigned> clock_mhz(NvmlDevice device, int which) const {
    const auto get = function<int(NvmlDevice, int, unsigned*)>("nvmlDeviceGetClockInfo");
    unsigned value = 0;
    if (get == nullptr || get(device, which, &value) != kSuccess) return std::nullopt;
    return value;
  }
  [[nodiscard]] std::optional<unsigned> temperature(NvmlDevice device) const {
    const auto get = function<int(NvmlDevice, int, unsigned*)>("nvmlDeviceGetTemperature");
    unsigned value = 0;
    if (get == nullptr || get(device, kTemperatureGpu, &value) != kSuccess) return std::nullopt;
    return value;
  }
  [[nodiscard]] std::optional<unsigned> power_milliwatts(NvmlDevice device) const {
    const auto get = function<int(NvmlDevice, unsigned*)>("nvmlDeviceGetPowerUsage");
    unsigned value = 0;
    if (get == nullptr || get(device, &value) != kSuccess) return std::nullopt;
    return value;
  }
  [[nodiscard]] std::optional<unsigned long long> throttle_bits(NvmlDevice device) const {
    const auto get =
        function<int(NvmlDevice, unsigned long long*)>("nvmlDeviceGetCurrentClocksThrottleReasons");
    unsigned long long value = 0;
    if (get == nullptr || get(device, &value) != kSuccess) return std::nullopt;
    return value;
  }
  [[nodiscard]] std::string driver_version() const {
    const auto get = function<int(char*, unsigned)>("nvmlSystemGetDriverVersion");
    char text[96] = {};
    if (!ready_ || get == nullptr || get(text, sizeof text) != kSuccess) return {};
    return text;
  }

 private:
  template <class Signature>
  [[nodiscard]] Signature* function(const char* name) const {
    if (library_ == nullptr) return nullptr;
    return reinterpret_cast<Signature*>(dlsym(library_, name));
  }

  void* library_;
  bool ready_ = false;
};

const Nvml& nvml() {
  static const Nvml instance;
  return instance;
}

std::string throttle_text(unsigned long long bits) {
  std::string text;
  for (const ThrottleReason& reason : kThrottleReasons) {
    if ((bits & reason.bit) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(reason.name);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> nvml_facts(const std::string& pci_bus_id) {
  std::vector<std::pair<std::string, std::string>> facts;
  const NvmlDevice device = nvml().device(pci_bus_id);
  if (device == nullptr) return facts;
  facts.emplace_back("driver", nvml().driver_version());
  if (const auto mhz = nvml().clock_mhz(device, kClockSm)) {
    facts.emplace_back("SM clock", std::to_string(*mhz) + " MHz");
  }
  if (const auto mhz = nvml().clock_mhz(device, kClockMemory)) {
    facts.emplace_back("memory clock", std::to_string(*mhz) + " MHz");
  }
  if (const auto degrees = nvml().temperature(device)) {
    facts.emplace_back("temperature", std::to_string(*degrees) + " C");
  }
  if (const auto milliwatts = nvml().power_milliwatts(device)) {
    facts.emplace_back("power", std::to_string(*milliwatts / 1000) + " W");
  }
  if (const auto bits = nvml().throttle_bits(device)) {
    facts.emplace_back("throttling", throttle_text(*bits));
  }
  return facts;
}

}  // namespace tvw::kernels::cuda
