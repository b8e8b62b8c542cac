/// @file Ordered weights on the device.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/weights/fragment_order.hpp"
#include "kernels/cuda/weights/stage_order.hpp"

namespace tvw::kernels::cuda {

/// A FragmentOrder or StageOrder in device memory, alike but for the order inside a step (a stage).
/// Copies own their own, so that a benchmark can go through more weights than a cache holds.
struct DeviceWeights {
  /// @throws Error kUnsupported out of memory
  explicit DeviceWeights(const FragmentOrder& order) : DeviceWeights(order, order.first_step) {}
  explicit DeviceWeights(const StageOrder& order) : DeviceWeights(order, order.first_stage) {}

  DeviceWeights(const DeviceWeights& other)
      : tiles(other.tiles),
        features(other.features),
        first_step(other.first_step.copy()),
        rows(other.rows.copy()),
        columns(other.columns.copy()),
        bytes(other.bytes.copy()) {}
  DeviceWeights& operator=(const DeviceWeights&) = delete;
  ~DeviceWeights() = default;

  [[nodiscard]] int64_t size_bytes() const {
    return static_cast<int64_t>(rows.size_bytes() + columns.size_bytes() + bytes.size_bytes());
  }

  int64_t tiles, features;
  DeviceArray<int32_t> first_step, rows, columns;
  DeviceArray<uint8_t> bytes;

 private:
  template <class Order>
  DeviceWeights(const Order& order, const std::vector<int32_t>& first)
      : tiles(static_cast<int64_t>(first.size()) - 1),
        features(order.features),
        first_step(std::span(first)),
        rows(std::span(order.rows)),
        columns(std::span(order.columns)),
        bytes(std::span(order.bytes)) {}
};

}  // namespace tvw::kernels::cuda
