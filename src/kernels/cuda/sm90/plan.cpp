#include "kernels/cuda/sm90/plan.hpp"

#include <map>
#include <memory>
#include <utility>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/kernel_launch.hpp"
#include "kernels/cuda/weights/device_weights.hpp"

namespace tvw::kernels::cuda::sm90 {
namespace {

using Weights = OrderedWeights<DeviceWeights>;

std::unique_ptr<TileLaunch> make_launch(const Way& way, const Weights& weights,
                                        const GemmShape& shape, Params params) {
  const Variant& variant = *way.variant;
  const bool cached = 3 * shape.K * params.ld < current_device().l2_bytes;
  ScheduleRequest request{shape.M,        weights.first_stage,    variant.wide,
                          variant.narrow, used_multiprocessors(), cached};
  if (way.splits > 1) request.ctas = clusters_at_once(variant, way.splits);
  const Schedule schedule =
      way.splits > 1 ? make_split_schedule(request, way.splits) : make_schedule(request);
  params.splits = way.splits;
  const bool plain = weights.bias == nullptr && params.activation == 0;
  const void* kernel = plain ? variant.kernel : variant.finishing_kernel;
  TVW_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                variant.shared_bytes));
  return std::make_unique<KernelLaunch<Params, DeviceWeights>>(
      KernelShape{way.name(), kernel, schedule.grid, variant.threads, variant.shared_bytes,
                  way.splits},
      params, weights, schedule.items);
}

}  // namespace

std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse, std::span<const Way> tried) {
  TileLaunches launches{kKernel, isa_of(sparse), std::make_shared<FeatureMajor>(problem), 0.0, {}};
  Params params;
  params.ld = launches.activations->ld();
  params.M = static_cast<int>(problem.M);
  params.activation = static_cast<int>(problem.epilogue.activation);
  std::map<std::pair<int, int>, Weights> orders;
  for (const Way& way : tried) {
    const Variant* variant = way.variant;
    Weights& weights = orders[{variant->features, variant->instructions}];
    if (!weights.device) {
      const TensorCoreTiles tiles =
          make_tensor_core_tiles(*problem.weights, variant->features, variant->stage_rows);
      launches.products = tiles.products;
      const StageOrder order = to_stage_order(tiles, variant->instructions);
      weights = {std::make_shared<const DeviceWeights>(order),
                 bias_of_columns(problem, order.columns), order.first_stage};
    }
    launches.list.push_back(make_launch(way, weights, problem.shape(), params));
  }
  return make_tile_plan(problem, std::move(launches));
}

}  // namespace tvw::kernels::cuda::sm90
