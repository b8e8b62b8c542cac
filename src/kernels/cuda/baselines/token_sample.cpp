#include "kernels/cuda/baselines/token_sample.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>

#include "kernels/cuda/common/check.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int64_t kRuns = 8;
constexpr int64_t kTokensOfRun = 16;
constexpr int64_t kOutputsOfToken = 32;

}  // namespace

TokenSample::TokenSample(const Problem& problem, const uint16_t* A)
    : M_(problem.M), run_(std::min(kTokensOfRun, problem.M)), sampled_(problem) {
  const int64_t runs = std::min(kRuns, M_ / run_);
  for (int64_t i = 0; i < runs; ++i) {
    first_tokens_.push_back(runs == 1 ? 0 : i * ((M_ - run_) / (runs - 1)));
  }
  if (runs > 1) first_tokens_.back() = M_ - run_;
  sampled_.M = runs * run_;
  const GemmShape shape = sampled_.shape();
  const int64_t outputs = std::min(kOutputsOfToken, shape.N);
  for (int64_t m = 0; m < shape.M; ++m) {
    // Another set of features for each token, so that together they are many.
    for (int64_t i = 0; i < outputs; ++i) {
      positions_.push_back({m, (i * shape.N / outputs + m) % shape.N});
    }
  }
  activations_ = fetch(A, shape.K);
}

bool TokenSample::right(const uint16_t* C) const {
  return compare_with_reference(sampled_, activations_, fetch(C, sampled_.shape().N), positions_)
      .ok;
}

std::vector<float> TokenSample::fetch(const uint16_t* matrix, int64_t features) const {
  constexpr size_t kSize = sizeof(uint16_t);
  TypedBuffer values(sampled_.dtype, sampled_.M * features);
  auto* to = values.words<uint16_t>();
  for (const int64_t token : first_tokens_) {
    if (sampled_.layout == Layout::kFeatureMajor) {
      TVW_CUDA(cudaMemcpy2D(to, static_cast<size_t>(sampled_.M) * kSize, matrix + token,
                            static_cast<size_t>(M_) * kSize, static_cast<size_t>(run_) * kSize,
                            static_cast<size_t>(features), cudaMemcpyDeviceToHost));
      to += run_;
    } else {
      TVW_CUDA(cudaMemcpy(to, matrix + token * features,
                          static_cast<size_t>(run_ * features) * kSize, cudaMemcpyDeviceToHost));
      to += run_ * features;
    }
  }
  return values.to_f32();
}

}  // namespace tvw::kernels::cuda
