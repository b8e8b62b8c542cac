/// @file What the tile executors of every architecture prepare: some ways to run a problem, of
/// which the fastest is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/cuda/common/activations.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

/// A kernel variant with all that it needs on the device.
class TileLaunch {
 public:
  TileLaunch() = default;
  virtual ~TileLaunch() = default;
  TileLaunch(const TileLaunch&) = default;
  TileLaunch& operator=(const TileLaunch&) = delete;

  /// x [K, ld], y [N, ld] of FeatureMajor; asynchronous.
  virtual void launch(const uint16_t* x, uint16_t* y) const = 0;
  /// The same on a copy of the weights. @throws Error kUnsupported out of memory
  [[nodiscard]] virtual std::unique_ptr<TileLaunch> with_own_weights() const = 0;
  [[nodiscard]] virtual std::string_view variant() const = 0;
  [[nodiscard]] virtual int64_t weight_bytes() const = 0;
};

/// The ways that a family of kernels has to run a problem.
struct TileLaunches {
  std::string_view kernel;  ///< "tile_gemm_sm90"
  std::string_view isa;     ///< "wgmma.sp"
  std::shared_ptr<FeatureMajor> activations;
  double products = 0.0;  ///< per token
  std::vector<std::unique_ptr<TileLaunch>> list;
};

/// Keeps the one that problem.tuning knows, else times all and keeps the fastest. REQUIRES: the
/// list is not empty.
/// @throws Error kUnsupported out of memory, or a CUDA error
[[nodiscard]] std::unique_ptr<Plan> make_tile_plan(const Problem& problem, TileLaunches launches);

/// Under which problem.tuning knows the variants of these kernels.
[[nodiscard]] std::string tile_tuning_name(std::string_view kernel, std::string_view isa);

/// The biases of a tile order's columns (-1: none), or null if there is no bias.
[[nodiscard]] std::shared_ptr<const DeviceArray<float>> bias_of_columns(
    const Problem& problem, std::span<const int32_t> columns);

}  // namespace tvw::kernels::cuda
