// Every variant of the Hopper tile kernels on some shapes: verified, then timed: hot, one launch
// alone (what is read may be in L2, but no launch overlaps another) and cold. For tuning.
//
//   sm90_variants [FORMAT[+gelu] [DTYPE [G [M N K]...]]]
//
// +gelu: with bias and GELU besides.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/cuda/common/cache.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/executors.hpp"
#include "kernels/cuda/sm90/plan.hpp"
#include "support/random_weights.hpp"
#include "tvw/kernels/reference.hpp"
#include "tvw/patterns/pattern.hpp"

namespace {

using namespace tvw;
using kernels::cuda::DeviceArray;

struct Contestant {
  std::string name;
  const kernels::Problem* problem = nullptr;
  std::unique_ptr<kernels::Plan> plan;
  double error = 0.0;
  bool ok = true;
  std::vector<double> hot;
  std::vector<double> alone;
  std::vector<double> cold;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// By magnitude, 75 % zeros (2:4: 50 %).
Selection select(const DenseMatrix& dense, const PatternSpec& spec) {
  std::vector<float> scores = dense.values.to_f32();
  for (float& score : scores) score *= score;
  return patterns::make_pattern(spec)->select(
      MatrixView<const float>(scores.data(), dense.K, dense.N), Sparsity(0.75));
}

void compare(const std::string& format, bool gelu, DType dtype, GemmShape s, int64_t G) {
  const DenseMatrix dense = test::random_dense(s.K, s.N, dtype, 1);
  const std::string spec_text = format == "nm" ? "2:4" : format + ":g=" + std::to_string(G);
  const PatternSpec spec = parse_pattern(spec_text);
  const pack::PackedWeights weights = pack::pack(dense, select(dense, spec), spec);
  const pack::PackedWeights plain = dense;
  kernels::Problem problem{s.M, dtype, kernels::Layout::kFeatureMajor, &weights, {}};
  kernels::Problem dense_problem = problem;
  dense_problem.weights = &plain;

  kernels::Problem gelu_problem = problem;
  const std::vector<float> bias = test::random_dense(1, s.N, DType::kF32, 3).values.to_f32();
  gelu_problem.epilogue.bias = bias;
  gelu_problem.epilogue.activation = kernels::Activation::kGeluErf;

  std::vector<Contestant> list;
  list.push_back({"dense", &dense_problem, nullptr, 0.0, true, {}, {}, {}});
  for (const kernels::cuda::sm90::Way& way :
       kernels::cuda::sm90::all_ways(problem, format != "tw")) {
    const auto add = [&](const kernels::Problem& p, const std::string& name) {
      list.push_back({name,
                      &p,
                      kernels::cuda::sm90::make_plan(p, format != "tw", std::span(&way, 1)),
                      0.0,
                      true,
                      {},
                      {},
                      {}});
    };
    add(problem, way.name());
    if (gelu) add(gelu_problem, way.name() + ", bias, GELU");
  }
  const TypedBuffer A = test::random_dense(1, s.M * s.K, dtype, 2).values;
  DeviceArray<uint16_t> a(std::span(A.words<uint16_t>(), static_cast<size_t>(A.count())));
  DeviceArray<uint16_t> c(s.M * s.N);
  std::vector<kernels::OutputPosition> positions;
  for (int64_t i = 0; i < std::min<int64_t>(2000, s.M * s.N); ++i) {
    positions.push_back({i * 7919 % s.M, i * 104729 % s.N});
  }
  struct NoDevice {};
  for (Contestant& x : list) {
    if (!x.plan) {
      x.plan = kernels::cuda::dense_cublaslt().prepare(dense_problem,
                                                       *static_cast<kernels::Device*>(nullptr));
      continue;
    }
    TVW_CUDA(cudaMemset(c.data(), 0xFF, c.size_bytes()));
    x.plan->run(a.data(), c.data());
    TypedBuffer C(dtype, s.M * s.N);
    TVW_CUDA(cudaMemcpy(C.bytes().data(), c.data(), c.size_bytes(), cudaMemcpyDeviceToHost));
    const auto report =
        kernels::compare_with_reference(*x.problem, A.to_f32(), C.to_f32(), positions);
    x.error = report.max_rel_error;
    x.ok = report.ok;
  }
  const double guess = std::max(3.0, 2e3 / std::max(10.0, s.dense_flops() / 3e8));
  const int repeats = static_cast<int>(std::min(20.0, guess));
  for (size_t round = 0; round < 15; ++round) {
    for (size_t i = 0; i < list.size(); ++i) {
      Contestant& x = list[(i + round) % list.size()];
      x.plan->run(a.data(), c.data());
      const auto run = [&] { x.plan->run(a.data(), c.data()); };
      x.hot.push_back(kernels::cuda::time_launches_us(run, repeats) / repeats);
      TVW_CUDA(cudaDeviceSynchronize());
      x.alone.push_back(kernels::cuda::time_launches_us(run, 1));
      kernels::cuda::evict_cache();
      x.cold.push_back(kernels::cuda::time_launches_us(run, 1));
    }
  }
  std::printf("== %s G=%ld %ld x %ld x %ld\n", format.c_str(), static_cast<long>(G),
              static_cast<long>(s.M), static_cast<long>(s.N), static_cast<long>(s.K));
  const double hot = median(list.front().hot), cold = median(list.front().cold);
  for (const Contestant& x : list) {
    std::printf("  %-36s hot %8.1f us  %.2fx  alone %8.1f us  cold %8.1f us  %.2fx  error %.1e%s\n",
                x.name.c_str(), median(x.hot), hot / median(x.hot), median(x.alone), median(x.cold),
                cold / median(x.cold), x.error, x.ok ? "" : "  *** WRONG");
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::string format = argc > 1 ? argv[1] : "tvw";
  const bool gelu = format.ends_with("+gelu");
  if (gelu) format.resize(format.size() - 5);
  const DType dtype = argc > 2 && std::string(argv[2]) == "bf16" ? DType::kBF16 : DType::kF16;
  const int64_t G = argc > 3 ? std::atoll(argv[3]) : 256;
  std::vector<GemmShape> shapes;
  for (int i = 4; i + 2 < argc; i += 3) {
    shapes.push_back({std::atoll(argv[i]), std::atoll(argv[i + 1]), std::atoll(argv[i + 2])});
  }
  if (shapes.empty()) {
    shapes = {{12800, 768, 768},  {12800, 3072, 768},  {12800, 768, 3072},
              {2048, 4096, 4096}, {2048, 11008, 4096}, {8192, 8192, 8192}};
  }
  for (const GemmShape& s : shapes) compare(format, gelu, dtype, s, G);
  return 0;
}
