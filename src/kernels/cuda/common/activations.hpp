/// @file Activations as the kernels want them: feature-major with rows of 16-byte pieces.
#pragma once

#include <cstdint>
#include <functional>

#include "kernels/cuda/common/device_array.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

/// Brings A of a problem to [K, ld] and C [N, ld] back to the problem's layout. Where the layout is
/// feature-major and M a multiple of 8 it does nothing; else its passes are part of every run.
class FeatureMajor {
 public:
  /// Allocates what it needs. @throws Error kUnsupported out of memory
  explicit FeatureMajor(const Problem& problem);

  [[nodiscard]] int64_t ld() const { return ld_; }
  /// "", or what is added to the kernel: " + transposes" or " + padding".
  [[nodiscard]] const char* note() const;
  /// Calls multiply(x [K, ld], y [N, ld]) between the passes.
  void run(const void* A, void* C,
           const std::function<void(const uint16_t* x, uint16_t* y)>& multiply);

 private:
  GemmShape shape_;
  Layout layout_;
  int64_t ld_;
  DeviceArray<uint16_t> x_, y_;  ///< empty if not needed
};

}  // namespace tvw::kernels::cuda
