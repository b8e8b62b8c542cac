#include "kernels/cuda/sm90/plan.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/common/activations.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/launch.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/weights/stage_order.hpp"

namespace tvw::kernels::cuda::sm90 {
namespace {

/// Weights on the device, in the order of some variants.
struct DeviceWeights {
  explicit DeviceWeights(const StageOrder& order)
      : first_stage(order.first_stage),
        rows(std::span(order.rows)),
        columns(std::span(order.columns)),
        bytes(std::span(order.bytes)) {}

  DeviceWeights(const DeviceWeights& other)
      : first_stage(other.first_stage),
        rows(other.rows.copy()),
        columns(other.columns.copy()),
        bytes(other.bytes.copy()) {}
  DeviceWeights& operator=(const DeviceWeights&) = delete;
  ~DeviceWeights() = default;

  [[nodiscard]] int64_t size_bytes() const {
    return static_cast<int64_t>(rows.size_bytes() + columns.size_bytes() + bytes.size_bytes());
  }

  std::vector<int32_t> first_stage;
  DeviceArray<int32_t> rows, columns;
  DeviceArray<uint8_t> bytes;
};

/// A variant with all it needs to be launched.
struct Candidate {
  const Variant* variant = nullptr;
  const void* kernel = nullptr;
  std::shared_ptr<DeviceWeights> weights;
  std::shared_ptr<const DeviceArray<Item>> items;
  int grid = 0;

  void launch(Params params) const {
    params.items = items->data();
    params.rows = weights->rows.data();
    params.columns = weights->columns.data();
    params.weights = weights->bytes.data();
    void* arguments[] = {&params};
    cuda::launch(kernel, grid, variant->threads, variant->shared_bytes, arguments);
  }
};

class TilePlan final : public Plan {
 public:
  TilePlan(const Problem& problem, bool sparse, std::span<const Variant* const> tried)
      : activations_(std::make_shared<FeatureMajor>(problem)),
        sparse_(sparse),
        shape_(problem.shape()) {
    if (!problem.epilogue.bias.empty()) {
      bias_ = std::make_shared<DeviceArray<float>>(problem.epilogue.bias);
      params_.bias = bias_->data();
    }
    params_.ld = activations_->ld();
    params_.M = static_cast<int>(problem.M);
    params_.activation = static_cast<int>(problem.epilogue.activation);
    choose(problem, tried);
  }

  /// The same on a copy of the weights.
  TilePlan(const TilePlan& other)
      : Plan(),
        activations_(other.activations_),
        sparse_(other.sparse_),
        shape_(other.shape_),
        bias_(other.bias_),
        params_(other.params_),
        best_(other.best_),
        products_(other.products_) {
    best_.weights = std::make_shared<DeviceWeights>(*other.best_.weights);
  }
  TilePlan& operator=(const TilePlan&) = delete;
  ~TilePlan() override = default;

  [[nodiscard]] std::unique_ptr<Plan> duplicate() const override {
    return std::make_unique<TilePlan>(*this);
  }
  void run(const void* A, void* C) override {
    activations_->run(A, C, [&](const uint16_t* x, uint16_t* y) {
      Params params = params_;
      params.x = x;
      params.y = y;
      best_.launch(params);
    });
  }
  [[nodiscard]] std::string kernel_name() const override {
    return "tile_gemm_sm90 " + std::string(best_.variant->name) + ", dependent launch" +
           activations_->note();
  }
  [[nodiscard]] std::string isa() const override { return sparse_ ? "wgmma.sp" : "wgmma"; }
  [[nodiscard]] int64_t weight_bytes() const override { return best_.weights->size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * products_ * static_cast<double>(shape_.M);
  }

 private:
  /// Prepares the variants worth it one by one, times each and keeps the fastest.
  void choose(const Problem& problem, std::span<const Variant* const> tried) {
    std::map<std::pair<int, int>, std::shared_ptr<DeviceWeights>> orders;
    DeviceArray<uint16_t> x(shape_.K * params_.ld);
    DeviceArray<uint16_t> y(shape_.N * params_.ld);
    launch_fill(x.data(), x.count(), problem.dtype == DType::kBF16, 1);
    std::vector<Candidate> candidates;
    for (const Variant* variant : tried) {
      auto& weights = orders[{variant->features, variant->instructions}];
      if (!weights) {
        const TensorCoreTiles tiles =
            make_tensor_core_tiles(*problem.weights, variant->features, variant->stage_rows);
        products_ = tiles.products;
        weights = std::make_shared<DeviceWeights>(to_stage_order(tiles, variant->instructions));
      }
      candidates.push_back(make_candidate(*variant, weights));
    }
    const size_t best = fastest_of(candidates.size(), [&](size_t i) {
      Params params = params_;
      params.x = x.data();
      params.y = y.data();
      candidates[i].launch(params);
    });
    best_ = std::move(candidates[best]);
  }

  [[nodiscard]] Candidate make_candidate(const Variant& variant,
                                         std::shared_ptr<DeviceWeights> weights) const {
    const Schedule schedule = make_schedule(
        {shape_.M, weights->first_stage, variant.wide, variant.narrow,
         current_device().multiprocessors, 3 * shape_.K * params_.ld < current_device().l2_bytes});
    const bool plain = params_.bias == nullptr && params_.activation == 0;
    const void* kernel = plain ? variant.kernel : variant.finishing_kernel;
    TVW_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  variant.shared_bytes));
    return {&variant, kernel, std::move(weights),
            std::make_shared<const DeviceArray<Item>>(std::span(schedule.items)), schedule.grid};
  }

  std::shared_ptr<FeatureMajor> activations_;  ///< its scratch is free between runs
  bool sparse_;
  GemmShape shape_;
  std::shared_ptr<DeviceArray<float>> bias_;
  Params params_;
  Candidate best_;
  double products_ = 0.0;
};

}  // namespace

std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse,
                                std::span<const Variant* const> tried) {
  return std::make_unique<TilePlan>(problem, sparse, tried);
}

}  // namespace tvw::kernels::cuda::sm90
