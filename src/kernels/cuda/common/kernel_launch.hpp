/// @file The TileLaunch of every family of tile kernels.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/cuda/common/items.hpp"
#include "kernels/cuda/common/launch.hpp"
#include "kernels/cuda/common/tile_plan.hpp"

namespace tvw::kernels::cuda {

/// A kernel variant as it is launched.
struct KernelShape {
  std::string variant;
  const void* kernel = nullptr;
  int grid = 0;
  int threads = 0;
  int shared_bytes = 0;
  int cluster = 1;  ///< CTAs of one
};

/// Weights on the device, in the order of some variants, and their biases.
template <class Weights>
struct OrderedWeights {
  std::shared_ptr<const Weights> device;
  std::shared_ptr<const DeviceArray<float>> bias;  ///< bias_of_columns
  std::vector<int32_t> first_stage;                ///< [tiles + 1]
};

/// `Params` are the kernel's, with members x, y, items, rows, columns, weights and bias; `Weights`
/// have rows, columns, bytes and size_bytes(), and copies of them own their memory.
template <class Params, class Weights>
class KernelLaunch final : public TileLaunch {
 public:
  /// `params` without what this class has.
  KernelLaunch(KernelShape shape, const Params& params, const OrderedWeights<Weights>& weights,
               std::span<const Item> items)
      : shape_(std::move(shape)),
        params_(params),
        weights_(weights.device),
        bias_(weights.bias),
        items_(std::make_shared<const DeviceArray<Item>>(items)) {}

  void launch(const uint16_t* x, uint16_t* y) const override {
    Params params = params_;
    params.x = x;
    params.y = y;
    params.items = items_->data();
    params.rows = weights_->rows.data();
    params.columns = weights_->columns.data();
    params.weights = weights_->bytes.data();
    params.bias = bias_ ? bias_->data() : nullptr;
    void* arguments[] = {&params};
    cuda::launch(shape_.kernel, shape_.grid, shape_.threads, shape_.shared_bytes, arguments,
                 shape_.cluster);
  }
  [[nodiscard]] std::unique_ptr<TileLaunch> with_own_weights() const override {
    auto copy = std::make_unique<KernelLaunch>(*this);
    copy->weights_ = std::make_shared<const Weights>(*weights_);
    return copy;
  }
  [[nodiscard]] std::string_view variant() const override { return shape_.variant; }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_->size_bytes(); }

 private:
  KernelShape shape_;
  Params params_;
  std::shared_ptr<const Weights> weights_;
  std::shared_ptr<const DeviceArray<float>> bias_;
  std::shared_ptr<const DeviceArray<Item>> items_;
};

}  // namespace tvw::kernels::cuda
