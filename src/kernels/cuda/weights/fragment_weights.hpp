/// @file Weights in fragment order on the device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/weights/fragment_order.hpp"

namespace tvw::kernels::cuda {

/// A FragmentOrder in device memory. Copies own their own, so that a benchmark can go through more
/// weights than a cache holds.
struct FragmentWeights {
  /// @throws Error kUnsupported out of memory
  explicit FragmentWeights(const FragmentOrder& order)
      : tiles(static_cast<int64_t>(order.first_step.size()) - 1),
        features(order.features),
        first_step(std::span(order.first_step)),
        rows(std::span(order.rows)),
        columns(std::span(order.columns)),
        bytes(std::span(order.bytes)) {}

  FragmentWeights(const FragmentWeights& other)
      : tiles(other.tiles),
        features(other.features),
        first_step(other.first_step.copy()),
        rows(other.rows.copy()),
        columns(other.columns.copy()),
        bytes(other.bytes.copy()) {}
  FragmentWeights& operator=(const FragmentWeights&) = delete;
  ~FragmentWeights() = default;

  [[nodiscard]] int64_t size_bytes() const {
    return static_cast<int64_t>(rows.size_bytes() + columns.size_bytes() + bytes.size_bytes());
  }

  int64_t tiles, features;
  DeviceArray<int32_t> first_step, rows, columns;
  DeviceArray<uint8_t> bytes;
};

}  // namespace tvw::kernels::cuda
