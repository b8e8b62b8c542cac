/// @file Arrays in device memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>
#include <utility>

#include "kernels/cuda/common/check.hpp"

namespace tvw::kernels::cuda {

/// Owns `count` elements of device memory, aligned to 256 bytes. Movable.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  /// Uninitialised. @throws Error kUnsupported out of memory
  explicit DeviceArray(int64_t count) : count_(count) {
    if (count > 0) TVW_CUDA(cudaMalloc(reinterpret_cast<void**>(&data_), size_bytes()));
  }
  /// Copies `host` over.
  explicit DeviceArray(std::span<const T> host) : DeviceArray(static_cast<int64_t>(host.size())) {
    if (count_ > 0) {
      TVW_CUDA(cudaMemcpy(data_, host.data(), size_bytes(), cudaMemcpyHostToDevice));
    }
  }
  ~DeviceArray() { (void)cudaFree(data_); }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  [[nodiscard]] DeviceArray copy() const {
    DeviceArray other(count_);
    if (count_ > 0) {
      TVW_CUDA(cudaMemcpy(other.data_, data_, size_bytes(), cudaMemcpyDeviceToDevice));
    }
    return other;
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] size_t size_bytes() const { return static_cast<size_t>(count_) * sizeof(T); }

 private:
  T* data_ = nullptr;
  int64_t count_ = 0;
};

}  // namespace tvw::kernels::cuda
