#include "kernels/cuda/device.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <optional>

#include "kernels/cuda/baselines/cublaslt_dense.hpp"
#include "kernels/cuda/common/cache.hpp"
#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/common/nvml.hpp"
#include "tvw/core/error.hpp"

namespace tvw::kernels::cuda {
namespace {

class CudaBuffer final : public Buffer {
 public:
  explicit CudaBuffer(int64_t size_bytes) : memory_(size_bytes) {
    if (size_bytes > 0) TVW_CUDA(cudaMemset(memory_.data(), 0, memory_.size_bytes()));
  }
  [[nodiscard]] void* data() override { return memory_.data(); }
  [[nodiscard]] int64_t size_bytes() const override { return memory_.count(); }

 private:
  DeviceArray<uint8_t> memory_;
};

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// A copy from one half of a large buffer to the other; bytes read and written.
double measure_copy_gbs() {
  constexpr int64_t kBytes = int64_t{1} << 31;
  DeviceArray<uint8_t> memory(kBytes);
  const auto copy = [&] {
    TVW_CUDA(cudaMemcpyAsync(memory.data() + kBytes / 2, memory.data(),
                             static_cast<size_t>(kBytes / 2), cudaMemcpyDeviceToDevice));
  };
  double best = time_launches_us(copy, 2);
  for (int trial = 0; trial < 3; ++trial) best = std::min(best, time_launches_us(copy, 2));
  return static_cast<double>(kBytes) / (best / 2) * 1e-3;
}

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(DeviceInfo info) : info_(std::move(info)) {}

  [[nodiscard]] DeviceKind kind() const override { return DeviceKind::kCuda; }
  [[nodiscard]] std::string id() const override { return "cuda:" + std::to_string(info_.ordinal); }
  [[nodiscard]] std::string name() const override { return info_.name; }

  [[nodiscard]] std::string identity() const override {
    int driver = 0;
    TVW_CUDA(cudaDriverGetVersion(&driver));
    return info_.name + ", compute capability " + info_.capability() + ", " +
           std::to_string(info_.multiprocessors) + " multiprocessors, CUDA " + version_text(driver);
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
    int driver = 0, runtime = 0;
    TVW_CUDA(cudaDriverGetVersion(&driver));
    TVW_CUDA(cudaRuntimeGetVersion(&runtime));
    std::vector<std::pair<std::string, std::string>> list = {
        {"compute capability", info_.capability()},
        {"multiprocessors", std::to_string(info_.multiprocessors)},
        {"memory", std::to_string(info_.memory_bytes >> 20) + " MiB"},
        {"cache_bytes", std::to_string(info_.l2_bytes)},
        {"CUDA runtime", version_text(runtime)},
        {"CUDA of the driver", version_text(driver)},
    };
    for (auto& fact : nvml_facts(info_.pci_bus_id)) list.push_back(std::move(fact));
    return list;
  }
  [[nodiscard]] std::optional<Peaks> peaks(DType dtype) override {
    if (dtype == DType::kF32) return std::nullopt;
    make_current();
    if (!rates_) {
      rates_ = Rates{measure_copy_gbs(), measure_dense_gflops(DType::kF16),
                     measure_dense_gflops(DType::kBF16)};
    }
    return Peaks{dtype == DType::kF16 ? rates_->f16_gflops : rates_->bf16_gflops, rates_->copy_gbs,
                 info_.l2_bytes};
  }

  void make_current() override { TVW_CUDA(cudaSetDevice(info_.ordinal)); }

  [[nodiscard]] std::unique_ptr<Buffer> allocate(int64_t size_bytes) override {
    make_current();
    try {
      return std::make_unique<CudaBuffer>(size_bytes);
    } catch (const Error& error) {
      throw Error(error.code(), std::string(error.what()) + ", for " + std::to_string(size_bytes) +
                                    " bytes on " + id());
    }
  }
  void copy_in(Buffer& to, const void* from, int64_t size_bytes) override {
    make_current();
    TVW_CUDA(cudaMemcpy(to.data(), from, static_cast<size_t>(size_bytes), cudaMemcpyHostToDevice));
  }
  void copy_out(void* to, Buffer& from, int64_t size_bytes) override {
    make_current();
    TVW_CUDA(cudaMemcpy(to, from.data(), static_cast<size_t>(size_bytes), cudaMemcpyDeviceToHost));
  }
  [[nodiscard]] int64_t cache_bytes() const override { return info_.l2_bytes; }
  void flush_cache() override {
    make_current();
    evict_cache();
  }
  [[nodiscard]] double time_us(const std::function<void()>& launch, int repeats) override {
    make_current();
    return time_launches_us(launch, repeats);
  }

 private:
  struct Rates {
    double copy_gbs = 0.0;
    double f16_gflops = 0.0;
    double bf16_gflops = 0.0;
  };

  DeviceInfo info_;
  std::optional<Rates> rates_;  ///< measured when first asked for
};

}  // namespace

std::shared_ptr<Device> make_device(const DeviceInfo& info) {
  return std::make_shared<CudaDevice>(info);
}

}  // namespace tvw::kernels::cuda
