#include "kernels/cpu/cpu_device.hpp"

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#include "kernels/cpu/host_memory.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/cpu_isa.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr int64_t kLine = 64;
/// Where the operating system does not say how large the last cache is.
constexpr int64_t kAssumedCacheBytes = int64_t{32} << 20;

class HostBuffer final : public Buffer {
 public:
  explicit HostBuffer(int64_t size_bytes) : size_bytes_(size_bytes) {
    try {
      data_.reset(allocate_host(static_cast<size_t>(size_bytes)));
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::kUnsupported,
                  "out of memory: " + std::to_string(size_bytes) + " bytes for a buffer");
    }
    std::memset(data_.get(), 0, static_cast<size_t>(size_bytes));  // so that every page is there
  }

  [[nodiscard]] void* data() override { return data_.get(); }
  [[nodiscard]] int64_t size_bytes() const override { return size_bytes_; }

 private:
  int64_t size_bytes_;
  HostMemory data_;
};

std::string model_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "CPU";
}

class CpuDevice final : public Device {
 public:
  CpuDevice() : name_(model_name()) {}

  [[nodiscard]] DeviceKind kind() const override { return DeviceKind::kCpu; }
  [[nodiscard]] std::string id() const override { return "cpu"; }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string identity() const override {
    return name_ + ", " + kernels::name(cpu_isa()) + ", " +
           std::to_string(std::thread::hardware_concurrency()) + " cores, " +
           std::to_string(thread_count()) + " threads";
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
    return {{"isa", kernels::name(cpu_isa())},
            {"threads", std::to_string(thread_count())},
            {"last level cache", std::to_string(last_cache_bytes() >> 20) + " MiB"}};
  }

  [[nodiscard]] std::unique_ptr<Buffer> allocate(int64_t size_bytes) override {
    return std::make_unique<HostBuffer>(size_bytes);
  }
  void copy_in(Buffer& to, const void* from, int64_t size_bytes) override {
    std::memcpy(to.data(), from, static_cast<size_t>(size_bytes));
  }
  void copy_out(void* to, Buffer& from, int64_t size_bytes) override {
    std::memcpy(to, from.data(), static_cast<size_t>(size_bytes));
  }

  [[nodiscard]] int64_t cache_bytes() const override { return last_cache_bytes(); }
  void flush_cache() override {
    // Twice the last level, read and written by every thread, leaves nothing of the operands.
    if (!eviction_) eviction_ = std::make_unique<HostBuffer>(2 * last_cache_bytes());
    auto* bytes = static_cast<unsigned char*>(eviction_->data());
    const int64_t lines = eviction_->size_bytes() / kLine;
    const int threads = thread_count();
    parallel_for(threads, [&](int64_t t) {
      for (int64_t i = lines * t / threads; i < lines * (t + 1) / threads; ++i) ++bytes[i * kLine];
    });
  }

  [[nodiscard]] double time_us(const std::function<void()>& launch, int repeats) override {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) launch();
    const std::chrono::duration<double, std::micro> elapsed =
        std::chrono::steady_clock::now() - start;
    return elapsed.count();
  }

 private:
  std::string name_;
  std::unique_ptr<HostBuffer> eviction_;
};

}  // namespace

int64_t last_cache_bytes() {
#ifdef _SC_LEVEL3_CACHE_SIZE
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (bytes > 0) return bytes;
#endif
  return kAssumedCacheBytes;
}

int64_t own_last_cache_bytes() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
  int64_t kib = 0;
  char unit = 0;
  if (file >> kib >> unit && kib > 0 && kib < (int64_t{1} << 30) && unit == 'K') return kib << 10;
  return last_cache_bytes();
}

std::shared_ptr<Device> make_device() { return std::make_shared<CpuDevice>(); }

}  // namespace tvw::kernels::cpu
