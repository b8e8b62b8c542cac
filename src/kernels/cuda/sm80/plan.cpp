#include "kernels/cuda/sm80/plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/kernel_launch.hpp"
#include "kernels/cuda/sm80/tile_gemm.hpp"
#include "kernels/cuda/weights/device_weights.hpp"

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

using Weights = OrderedWeights<DeviceWeights>;

std::unique_ptr<TileLaunch> make_launch(const Variant& variant, const Fit& fit,
                                        const Weights& weights, const GemmShape& shape,
                                        Params params) {
  const Schedule schedule = make_schedule({shape.M, weights.first_stage, variant.tokens, 0,
                                           used_multiprocessors() * fit.ctas_per_sm,
                                           3 * shape.K * params.ld < current_device().l2_bytes});
  params.stages = fit.stages;
  params.ahead = std::max(1, fit.stages - 2);  // of two free ones, one is for the slowest warp
  return std::make_unique<KernelLaunch<Params, DeviceWeights>>(
      KernelShape{std::string(variant.name), variant.kernel, schedule.grid, variant.threads,
                  fit.shared_bytes},
      params, weights, schedule.items);
}

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
      weights = {std::make_shared<const DeviceWeights>(order),
                 bias_of_columns(problem, order.columns), order.first_step};
    }
    launches.list.push_back(make_launch(variant, fits, weights, problem.shape(), params));
  }
  return make_tile_plan(problem, std::move(launches));
}

}  // namespace tvw::kernels::cuda::sm80
