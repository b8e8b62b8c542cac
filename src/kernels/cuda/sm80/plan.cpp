#include "kernels/cuda/sm80/plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/launch.hpp"
#include "kernels/cuda/common/tile_plan.hpp"
#include "kernels/cuda/sm80/tile_gemm.hpp"
#include "kernels/cuda/weights/fragment_weights.hpp"

namespace tvw::kernels::cuda::sm80 {
namespace {

constexpr int kFewestStages = 2;
constexpr int64_t kReservedBytes = 1024;  ///< of shared memory per CTA, for the system

/// How much of an SM's shared memory a CTA takes.
struct Fit {
  int stages = 0;  ///< of the ring; 0 if not even the fewest fit
  int shared_bytes = 0;
  int ctas_per_sm = 0;
};

/// As many stages as leave room for the CTAs that the registers allow, else as fit one CTA.
Fit fit(const Variant& variant) {
  const auto stages_in = [&](int64_t bytes) {
    return static_cast<int>(std::min<int64_t>(variant.most_stages,
                                              (bytes - variant.fixed_bytes) / variant.stage_bytes));
  };
  const DeviceInfo& device = current_device();
  Fit fit;
  fit.stages =
      stages_in(std::min(device.shared_bytes_per_block,
                         device.shared_bytes_per_sm / variant.ctas_per_sm - kReservedBytes));
  if (fit.stages < kFewestStages) fit.stages = stages_in(device.shared_bytes_per_block);
  if (fit.stages < kFewestStages) return {};
  fit.shared_bytes = variant.fixed_bytes + fit.stages * variant.stage_bytes;
  TVW_CUDA(cudaFuncSetAttribute(variant.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                fit.shared_bytes));
  TVW_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(
      &fit.ctas_per_sm, variant.kernel, variant.threads, static_cast<size_t>(fit.shared_bytes)));
  return fit;
}

/// Weights on the device, in the order of some variants.
struct Weights {
  std::shared_ptr<const FragmentWeights> device;
  std::shared_ptr<const DeviceArray<float>> bias;
  std::vector<int32_t> first_step;
};

class Launch final : public TileLaunch {
 public:
  /// `params` without what depends on the variant.
  Launch(const Variant& variant, const Fit& fit, const Weights& weights, const GemmShape& shape,
         const Params& params)
      : variant_(variant),
        shared_bytes_(fit.shared_bytes),
        weights_(weights.device),
        bias_(weights.bias),
        params_(params) {
    const Schedule schedule = make_schedule({shape.M, weights.first_step, variant.tokens, 0,
                                             current_device().multiprocessors * fit.ctas_per_sm,
                                             3 * shape.K * params.ld < current_device().l2_bytes});
    items_ = std::make_shared<const DeviceArray<Item>>(std::span(schedule.items));
    grid_ = schedule.grid;
    params_.stages = fit.stages;
    params_.ahead = std::max(1, fit.stages - 2);  // of two free ones, one is for the slowest warp
    params_.items = items_->data();
    params_.bias = bias_ ? bias_->data() : nullptr;
    point_params();
  }

  void launch(const uint16_t* x, uint16_t* y) const override {
    Params params = params_;
    params.x = x;
    params.y = y;
    void* arguments[] = {&params};
    cuda::launch(variant_.kernel, grid_, variant_.threads, shared_bytes_, arguments);
  }
  [[nodiscard]] std::unique_ptr<TileLaunch> with_own_weights() const override {
    auto copy = std::make_unique<Launch>(*this);
    copy->weights_ = std::make_shared<const FragmentWeights>(*weights_);
    copy->point_params();
    return copy;
  }
  [[nodiscard]] std::string_view variant() const override { return variant_.name; }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_->size_bytes(); }

 private:
  void point_params() {
    params_.rows = weights_->rows.data();
    params_.columns = weights_->columns.data();
    params_.weights = weights_->bytes.data();
  }

  const Variant& variant_;
  int shared_bytes_;
  std::shared_ptr<const FragmentWeights> weights_;
  std::shared_ptr<const DeviceArray<float>> bias_;
  std::shared_ptr<const DeviceArray<Item>> items_;
  Params params_;
  int grid_ = 0;
};

}  // namespace

std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse) {
  TileLaunches launches{"tile_gemm_sm80",
                        sparse ? "mma.sp" : "mma",
                        std::make_shared<FeatureMajor>(problem),
                        0.0,
                        {}};
  Params params;
  params.ld = launches.activations->ld();
  params.M = static_cast<int>(problem.M);
  params.activation = static_cast<int>(problem.epilogue.activation);
  std::map<int, Weights> orders;  // by the features of a tile
  for (const Variant& variant : variants(sparse, problem.dtype)) {
    const Fit fits = fit(variant);
    if (fits.ctas_per_sm == 0) continue;  // this device has too little shared memory
    Weights& weights = orders[variant.features];
    if (!weights.device) {
      const TensorCoreTiles tiles =
          make_tensor_core_tiles(*problem.weights, variant.features, step_rows(sparse));
      launches.products = tiles.products;
      const FragmentOrder order = to_fragment_order(tiles);
      weights = {std::make_shared<const FragmentWeights>(order),
                 bias_of_columns(problem, order.columns), order.first_step};
    }
    launches.list.push_back(
        std::make_unique<Launch>(variant, fits, weights, problem.shape(), params));
  }
  return make_tile_plan(problem, std::move(launches));
}

}  // namespace tvw::kernels::cuda::sm80
