#include "bench/jobs.hpp"

#include <algorithm>
#include <cmath>

#include "bench/random_values.hpp"
#include "tvw/core/error.hpp"

namespace tvw::bench {
namespace {

using kernels::DeviceKind;
using kernels::Layout;

constexpr uint64_t kBiasStream = 0xB1A5;  // keeps biases apart from weights of the same seed

/// Numbers that `dtype` has, as some libraries want biases in the type of the results.
std::vector<float> random_bias(int64_t N, DType dtype, uint64_t seed) {
  return TypedBuffer::from_f32(dtype, normal_values(N, mix(seed, kBiasStream), 1.0)).to_f32();
}

/// Weights of a trained layer have about this deviation, and outputs stay near 1 in every dtype.
LayerWeights random_weights(int64_t K, int64_t N, DType dtype, uint64_t seed) {
  const auto values = normal_values(K * N, seed, 1.0 / std::sqrt(static_cast<double>(K)));
  return {DenseMatrix{K, N, TypedBuffer::from_f32(dtype, values)}, {}};
}

std::vector<BenchLayer> random_layers(const BenchRequest& request, const Workload& workload,
                                      DType dtype) {
  std::vector<BenchLayer> layers;
  for (const WorkloadLayer& layer : workload.layers) {
    const uint64_t seed = mix(request.seed, layers.size());
    layers.push_back({layer.name, layer.count, layer.M, layer.N, layer.K, [layer, dtype, seed] {
                        return random_weights(layer.K, layer.N, dtype, seed);
                      }});
  }
  return layers;
}

void check_numbers(const BenchRequest& request) {
  const auto refuse = [](const std::string& what, int64_t got) {
    throw Error(ErrorCode::kUsage, what + ": got " + std::to_string(got) + ", expected 1 to " +
                                       std::to_string(kLargestM));
  };
  for (const int64_t M : request.M) {
    if (M < 1 || M > kLargestM) refuse("M", M);
  }
  if (request.batch < 1 || request.batch > kLargestM) refuse("batch", request.batch);
  if (request.sparsities.empty()) {
    throw Error(ErrorCode::kUsage, "got no sparsity, expected at least one");
  }
  if (request.caches.empty()) {
    throw Error(ErrorCode::kUsage, "got no cache state, expected hot, cold or both");
  }
  if (request.stopping.min_samples < 1 ||
      request.stopping.max_samples < request.stopping.min_samples) {
    throw Error(ErrorCode::kUsage, "samples: expected 1 <= min <= max");
  }
}

}  // namespace

ResolvedRequest resolve(const BenchRequest& request, DeviceKind device) {
  check_numbers(request);
  const bool cpu = device == DeviceKind::kCpu;
  ResolvedRequest resolved;
  resolved.dtype = request.dtype.value_or(cpu ? DType::kF32 : DType::kF16);
  resolved.layouts = request.layouts;
  if (resolved.layouts.empty()) {
    resolved.layouts = {cpu ? Layout::kTokenMajor : Layout::kFeatureMajor};
  }
  resolved.workload = request.workload;
  std::vector<BenchLayer> layers = request.layers;
  if (layers.empty()) {
    const Workload workload = load_workload(request.workload);
    resolved.workload = workload.name;
    layers = random_layers(request, workload, resolved.dtype);
  }
  const bool any_free = std::ranges::any_of(layers, [](const BenchLayer& l) { return !l.M; });
  if (!request.M.empty() && !any_free) {
    throw Error(ErrorCode::kUsage,
                "M is fixed by every layer of '" + request.workload +
                    "' (pixels of an image), so it cannot be chosen; choose a batch");
  }
  std::vector<int64_t> free_M;
  for (const int64_t M : request.M) {  // each once: rows of a record are told apart by M
    if (std::ranges::find(free_M, M) == free_M.end()) free_M.push_back(M);
  }
  if (free_M.empty()) free_M = {cpu ? 512 : 12800};
  for (const BenchLayer& layer : layers) {
    const std::vector<int64_t> rows =
        layer.M ? std::vector<int64_t>{*layer.M * request.batch} : free_M;
    for (const int64_t M : rows) {
      if (M > kLargestM) {
        throw Error(ErrorCode::kUsage, layer.name + ": M of " + std::to_string(M) +
                                           " rows is too large, expected at most " +
                                           std::to_string(kLargestM));
      }
      resolved.jobs.push_back({layer.name, layer.count, {M, layer.N, layer.K}, layer.load, {}});
      if (request.epilogue.bias) {
        resolved.jobs.back().bias = random_bias(layer.N, resolved.dtype, request.seed);
      }
    }
  }
  return resolved;
}

}  // namespace tvw::bench
