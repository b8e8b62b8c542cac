/// @file A request, with everything that it leaves open decided: one job per layer and M.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tvw/bench/request.hpp"
#include "tvw/core/gemm_shape.hpp"

namespace tvw::bench {

struct Job {
  std::string layer;
  int64_t count = 1;
  GemmShape shape;
  std::function<LayerWeights()> load;
  std::vector<float> bias;  ///< [N], or empty if no bias is asked for
};

struct ResolvedRequest {
  std::string workload;
  std::vector<Job> jobs;
  DType dtype = DType::kF32;
  std::vector<kernels::Layout> layouts;
};

/// @throws Error kUsage, kIo, kBadFile
[[nodiscard]] ResolvedRequest resolve(const BenchRequest& request, kernels::DeviceKind device);

}  // namespace tvw::bench
