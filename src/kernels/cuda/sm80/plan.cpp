#include "kernels/cuda/sm80/plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/common/activations.hpp"
#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/launch.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/sm80/tile_gemm.hpp"
#include "kernels/cuda/weights/fragment_weights.hpp"

namespace tvw::kernels::cuda::sm80 {
namespace {

/// A variant with all it needs to be launched.
struct Candidate {
  const Variant* variant = nullptr;
  std::shared_ptr<FragmentWeights> weights;
  std::shared_ptr<const DeviceArray<Item>> items;
  int grid = 0;
  int stages = 0;

  [[nodiscard]] int shared_bytes() const {
    return variant->fixed_bytes + stages * variant->stage_bytes;
  }

  void launch(Params params) const {
    params.items = items->data();
    params.stages = stages;
    params.ahead = std::max(1, stages - 2);  // of two free ones, one is for the slowest warp
    params.rows = weights->rows.data();
    params.columns = weights->columns.data();
    params.weights = weights->bytes.data();
    void* arguments[] = {&params};
    cuda::launch(variant->kernel, grid, variant->threads, shared_bytes(), arguments);
  }
};

class TilePlan final : public Plan {
 public:
  TilePlan(const Problem& problem, bool sparse)
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
    choose(problem);
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
    best_.weights = std::make_shared<FragmentWeights>(*other.best_.weights);
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
    return "tile_gemm_sm80 " + std::string(best_.variant->name) + activations_->note();
  }
  [[nodiscard]] std::string isa() const override { return sparse_ ? "mma.sp" : "mma"; }
  [[nodiscard]] int64_t weight_bytes() const override { return best_.weights->size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * products_ * static_cast<double>(shape_.M);
  }

 private:
  void choose(const Problem& problem) {
    std::map<int, Weights> orders;  // by the features of a tile
    std::vector<Candidate> candidates;
    for (const Variant& variant : variants(sparse_, problem.dtype)) {
      Candidate candidate{&variant, nullptr, nullptr, 0, 0};
      const int ctas_per_sm = fit(candidate);
      if (ctas_per_sm == 0) continue;  // this device has too little shared memory
      Weights& weights = orders[variant.features];
      if (!weights.device) {
        const TensorCoreTiles tiles =
            make_tensor_core_tiles(*problem.weights, variant.features, step_rows(sparse_));
        products_ = tiles.products;
        const FragmentOrder order = to_fragment_order(tiles);
        weights = {std::make_shared<FragmentWeights>(order), order.first_step};
      }
      const Schedule schedule =
          make_schedule({shape_.M, weights.first_step, variant.tokens, 0,
                         current_device().multiprocessors * ctas_per_sm,
                         3 * shape_.K * params_.ld < current_device().l2_bytes});
      candidate.weights = weights.device;
      candidate.items = std::make_shared<const DeviceArray<Item>>(std::span(schedule.items));
      candidate.grid = schedule.grid;
      candidates.push_back(std::move(candidate));
    }
    DeviceArray<uint16_t> x(shape_.K * params_.ld), y(shape_.N * params_.ld);
    launch_fill(x.data(), x.count(), problem.dtype == DType::kBF16, 1);
    const size_t best = fastest_of(candidates.size(), [&](size_t i) {
      Params params = params_;
      params.x = x.data();
      params.y = y.data();
      candidates[i].launch(params);
    });
    best_ = std::move(candidates[best]);
  }

  struct Weights {
    std::shared_ptr<FragmentWeights> device;
    std::vector<int32_t> first_step;
  };

  /// Gives the candidate as many stages as fit, and returns how many CTAs then fit an SM; 0 if not
  /// even two stages fit.
  static int fit(Candidate& candidate) {
    const Variant& variant = *candidate.variant;
    const int64_t per_cta =
        std::min(current_device().shared_bytes_per_block,
                 current_device().shared_bytes_per_sm / variant.ctas_per_sm - kReservedBytes);
    candidate.stages = static_cast<int>(std::min<int64_t>(
        variant.most_stages, (per_cta - variant.fixed_bytes) / variant.stage_bytes));
    if (candidate.stages < kFewestStages) {
      candidate.stages = static_cast<int>(std::min<int64_t>(
          variant.most_stages,
          (current_device().shared_bytes_per_block - variant.fixed_bytes) / variant.stage_bytes));
    }
    if (candidate.stages < kFewestStages) return 0;
    TVW_CUDA(cudaFuncSetAttribute(variant.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  candidate.shared_bytes()));
    int ctas = 0;
    TVW_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(
        &ctas, variant.kernel, variant.threads, static_cast<size_t>(candidate.shared_bytes())));
    return ctas;
  }

  static constexpr int kFewestStages = 2;
  static constexpr int64_t kReservedBytes = 1024;  ///< per CTA, for the system

  std::shared_ptr<FeatureMajor> activations_;  ///< its scratch is free between runs
  bool sparse_;
  GemmShape shape_;
  std::shared_ptr<DeviceArray<float>> bias_;
  Params params_;
  Candidate best_;
  double products_ = 0.0;
};

}  // namespace

std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse) {
  return std::make_unique<TilePlan>(problem, sparse);
}

}  // namespace tvw::kernels::cuda::sm80
