/// @file Where executors run: memory, transfers, and how to time what runs there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvw/core/dtype.hpp"

namespace tvw::kernels {

enum class DeviceKind : uint8_t { kCpu, kCuda };

/// Memory of a device. Owned by whoever holds the pointer; must not outlive its Device.
class Buffer {
 public:
  virtual ~Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  [[nodiscard]] virtual void* data() = 0;  ///< device address, 64-byte aligned or better
  [[nodiscard]] virtual int64_t size_bytes() const = 0;

 protected:
  Buffer() = default;
};

/// What a processor can do at best, as measured.
struct Peaks {
  double gflops = 0.0;         ///< multiplications and additions, of the dtype asked for
  double bandwidth_gbs = 0.0;  ///< 1e9 bytes read or written per second, memory
  int64_t cache_bytes = 0;     ///< last-level cache; 0 if unknown
};

/// One processor that executors run on. Not thread-safe: one thread drives a device.
class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] virtual DeviceKind kind() const = 0;
  [[nodiscard]] virtual std::string id() const = 0;    ///< "cpu", "cuda:0"
  [[nodiscard]] virtual std::string name() const = 0;  ///< "AMD EPYC 9755", "NVIDIA H200"
  /// What a choice that was measured here holds for: the processor, its instruction set, threads,
  /// driver.
  [[nodiscard]] virtual std::string identity() const { return name(); }
  /// Facts for the record's environment block: name, value.
  /// Measures nothing, so that it also answers where nothing can run.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> properties() const = 0;
  /// Measured when first asked for, which takes a second and gigabytes of memory. nullopt: the
  /// device leaves it to others.
  [[nodiscard]] virtual std::optional<Peaks> peaks(DType /*dtype*/) { return std::nullopt; }

  /// Executors answer for, and prepare on, the device of a kind that was made current last.
  virtual void make_current() {}

  /// @throws Error kUnsupported out of memory, with the size asked for
  [[nodiscard]] virtual std::unique_ptr<Buffer> allocate(int64_t size_bytes) = 0;
  virtual void copy_in(Buffer& to, const void* from, int64_t size_bytes) = 0;
  virtual void copy_out(void* to, Buffer& from, int64_t size_bytes) = 0;

  [[nodiscard]] virtual int64_t cache_bytes() const = 0;  ///< of the last level
  /// Evicts the last-level cache, so that the next run reads its operands from memory.
  virtual void flush_cache() = 0;
  /// Runs `launch` `repeats` times back to back and waits. Microseconds for all of them, measured
  /// by the device's own clock where it has one; launch latency is hidden where that is possible.
  [[nodiscard]] virtual double time_us(const std::function<void()>& launch, int repeats) = 0;

 protected:
  Device() = default;
};

}  // namespace tvw::kernels
