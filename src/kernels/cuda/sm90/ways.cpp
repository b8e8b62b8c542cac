#include "kernels/cuda/sm90/ways.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/weights/tensor_core_tiles.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cuda::sm90 {
namespace {

/// A variant that multiplies this many times the columns of another is not tried.
constexpr double kMostPadding = 1.3;

}  // namespace

std::string Way::name() const {
  std::string text(variant->name);
  if (splits > 1) text += ", rows split in " + std::to_string(splits);
  return text;
}

int clusters_at_once(const Variant& variant, int splits) {
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim = {static_cast<unsigned>(splits), 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(splits));
  config.blockDim = dim3(static_cast<unsigned>(variant.threads));
  config.dynamicSmemBytes = static_cast<size_t>(variant.shared_bytes);
  config.attrs = &cluster;
  config.numAttrs = 1;
  int clusters = 0;
  TVW_CUDA(cudaFuncSetAttribute(variant.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                variant.shared_bytes));
  TVW_CUDA(cudaOccupancyMaxActiveClusters(&clusters, variant.kernel, &config));
  return clusters;
}

std::vector<Way> all_ways(const Problem& problem, bool sparse) {
  const GemmShape shape = problem.shape();
  std::map<int, int64_t> columns;  // by the features of a tile
  for (const Variant& v : variants(sparse, problem.dtype)) {
    if (!columns.contains(v.features)) {
      columns[v.features] = multiplied_columns(*problem.weights, v.features);
    }
  }
  const auto fewest =
      std::ranges::min_element(columns, {}, [](const auto& entry) { return entry.second; })->second;
  std::vector<Way> list;
  for (const Variant& v : variants(sparse, problem.dtype)) {
    if (static_cast<double>(columns[v.features]) > kMostPadding * static_cast<double>(fewest)) {
      continue;
    }
    list.push_back({&v, 1});
    if (!v.can_split) continue;
    const int64_t outputs = tile_count(*problem.weights, v.features) * parts_of(shape.M, v.wide);
    for (const int splits : {2, 3, 4, 6, 8}) {
      if (splits * v.stage_rows > shape.K) break;
      if (outputs <= clusters_at_once(v, splits)) list.push_back({&v, splits});
    }
  }
  return list;
}

}  // namespace tvw::kernels::cuda::sm90
