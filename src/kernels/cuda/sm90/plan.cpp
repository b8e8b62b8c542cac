#include "kernels/cuda/sm90/plan.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/launch.hpp"
#include "kernels/cuda/common/tile_plan.hpp"
#include "kernels/cuda/weights/stage_order.hpp"

namespace tvw::kernels::cuda::sm90 {
namespace {

/// Weights on the device, in the order of some variants.
struct DeviceWeights {
  DeviceWeights(const StageOrder& order, const Problem& problem)
      : first_stage(order.first_stage),
        rows(std::span(order.rows)),
        columns(std::span(order.columns)),
        bytes(std::span(order.bytes)),
        bias(bias_of_columns(problem, order.columns)) {}

  DeviceWeights(const DeviceWeights& other)
      : first_stage(other.first_stage),
        rows(other.rows.copy()),
        columns(other.columns.copy()),
        bytes(other.bytes.copy()),
        bias(other.bias) {}
  DeviceWeights& operator=(const DeviceWeights&) = delete;
  ~DeviceWeights() = default;

  std::vector<int32_t> first_stage;
  DeviceArray<int32_t> rows, columns;
  DeviceArray<uint8_t> bytes;
  std::shared_ptr<const DeviceArray<float>> bias;
};

class Launch final : public TileLaunch {
 public:
  /// `params` without what depends on the variant.
  Launch(const Variant& variant, std::shared_ptr<const DeviceWeights> weights,
         const GemmShape& shape, const Params& params)
      : variant_(variant), weights_(std::move(weights)), params_(params) {
    const Schedule schedule = make_schedule({shape.M, weights_->first_stage, variant.wide,
                                             variant.narrow, current_device().multiprocessors,
                                             3 * shape.K * params.ld < current_device().l2_bytes});
    items_ = std::make_shared<const DeviceArray<Item>>(std::span(schedule.items));
    grid_ = schedule.grid;
    const bool plain = weights_->bias == nullptr && params.activation == 0;
    kernel_ = plain ? variant.kernel : variant.finishing_kernel;
    TVW_CUDA(cudaFuncSetAttribute(kernel_, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  variant.shared_bytes));
    point_params();
  }

  void launch(const uint16_t* x, uint16_t* y) const override {
    Params params = params_;
    params.x = x;
    params.y = y;
    void* arguments[] = {&params};
    cuda::launch(kernel_, grid_, variant_.threads, variant_.shared_bytes, arguments);
  }
  [[nodiscard]] std::unique_ptr<TileLaunch> with_own_weights() const override {
    auto copy = std::make_unique<Launch>(*this);
    copy->weights_ = std::make_shared<const DeviceWeights>(*weights_);
    copy->point_params();
    return copy;
  }
  [[nodiscard]] std::string_view variant() const override { return variant_.name; }
  [[nodiscard]] int64_t weight_bytes() const override {
    return static_cast<int64_t>(weights_->rows.size_bytes() + weights_->columns.size_bytes() +
                                weights_->bytes.size_bytes());
  }

 private:
  void point_params() {
    params_.items = items_->data();
    params_.rows = weights_->rows.data();
    params_.columns = weights_->columns.data();
    params_.weights = weights_->bytes.data();
    params_.bias = weights_->bias ? weights_->bias->data() : nullptr;
  }

  const Variant& variant_;
  std::shared_ptr<const DeviceWeights> weights_;
  std::shared_ptr<const DeviceArray<Item>> items_;
  Params params_;
  const void* kernel_ = nullptr;
  int grid_ = 0;
};

}  // namespace

std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse,
                                std::span<const Variant* const> tried) {
  TileLaunches launches{kKernel, isa_of(sparse), std::make_shared<FeatureMajor>(problem), 0.0, {}};
  Params params;
  params.ld = launches.activations->ld();
  params.M = static_cast<int>(problem.M);
  params.activation = static_cast<int>(problem.epilogue.activation);
  std::map<std::pair<int, int>, std::shared_ptr<const DeviceWeights>> orders;
  for (const Variant* variant : tried) {
    auto& weights = orders[{variant->features, variant->instructions}];
    if (!weights) {
      const TensorCoreTiles tiles =
          make_tensor_core_tiles(*problem.weights, variant->features, variant->stage_rows);
      launches.products = tiles.products;
      weights = std::make_shared<const DeviceWeights>(to_stage_order(tiles, variant->instructions),
                                                      problem);
    }
    launches.list.push_back(std::make_unique<Launch>(*variant, weights, problem.shape(), params));
  }
  return make_tile_plan(problem, std::move(launches));
}

}  // namespace tvw::kernels::cuda::sm90
