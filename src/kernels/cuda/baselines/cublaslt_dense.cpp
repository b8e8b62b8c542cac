// cuda.dense.cublaslt: the dense baseline, at the best that cuBLASLt can do for the problem.
//
// prepare() stores the weights in both orders and times every algorithm that the library's
// heuristics offer for each: the fastest is the baseline. Back-to-back and with cold caches another
// one may win, so there are two executors that choose by one state each.
#include <cublasLt.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/baselines/cublaslt_dense.hpp"
#include "kernels/cuda/common/cache.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/executors.hpp"
#include "tvw/core/error.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int kMostAlgorithms = 32;  // per order of the weights
constexpr size_t kFinalists = 4;     // timed again, for longer
constexpr size_t kWorkspaceBytes = size_t{64} << 20;

void check_lt(cublasStatus_t status, const char* call) {
  check_status(status, "cuBLASLt", call, cublasLtGetStatusString(status));
}
#define TVW_LT(call) check_lt((call), #call)

cublasLtHandle_t handle() {
  static cublasLtHandle_t instance = [] {
    cublasLtHandle_t created = nullptr;
    TVW_LT(cublasLtCreate(&created));
    return created;
  }();
  return instance;
}

template <class Handle, cublasStatus_t (*kDestroy)(Handle)>
struct Destroyer {
  using pointer = Handle;
  void operator()(Handle h) const { (void)kDestroy(h); }
};
template <class Handle, cublasStatus_t (*kDestroy)(Handle)>
using Owned = std::unique_ptr<Handle, Destroyer<Handle, kDestroy>>;
using MatmulDesc = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Matrix = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

Matrix make_matrix(cudaDataType_t type, int64_t rows, int64_t cols, int64_t ld) {
  cublasLtMatrixLayout_t layout = nullptr;
  TVW_LT(cublasLtMatrixLayoutCreate(&layout, type, static_cast<uint64_t>(rows),
                                    static_cast<uint64_t>(cols), ld));
  return Matrix(layout);
}

/// The product in cuBLAS's column-major terms, for one order of the weights.
///
/// Feature-major results are C_(M x N) = A_(M x K) W_(K x N); token-major ones are the transposed
/// product, with W on the left.
class Formulation {
 public:
  Formulation(const Problem& problem, bool weights_by_row)
      : token_major_(problem.layout == Layout::kTokenMajor) {
    const GemmShape s = problem.shape();
    const cudaDataType_t type = problem.dtype == DType::kF16 ? CUDA_R_16F : CUDA_R_16BF;
    cublasLtMatmulDesc_t desc = nullptr;
    TVW_LT(cublasLtMatmulDescCreate(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    desc_.reset(desc);
    // B [K, N] by rows is N x K in columns; its transpose [N, K] by rows is K x N.
    weights_ = weights_by_row ? make_matrix(type, s.N, s.K, s.N) : make_matrix(type, s.K, s.N, s.K);
    if (token_major_) {
      activations_ = make_matrix(type, s.K, s.M, s.K);
      result_ = make_matrix(type, s.N, s.M, s.N);
      set_transposed(CUBLASLT_MATMUL_DESC_TRANSA, !weights_by_row);
    } else {
      activations_ = make_matrix(type, s.M, s.K, s.M);
      result_ = make_matrix(type, s.M, s.N, s.M);
      set_transposed(CUBLASLT_MATMUL_DESC_TRANSB, weights_by_row);
    }
    name_ = weights_by_row ? "weights [K, N]" : "weights [N, K]";
  }

  [[nodiscard]] std::vector<cublasLtMatmulAlgo_t> algorithms() const {
    cublasLtMatmulPreference_t made = nullptr;
    TVW_LT(cublasLtMatmulPreferenceCreate(&made));
    const Preference preference(made);
    TVW_LT(cublasLtMatmulPreferenceSetAttribute(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                &kWorkspaceBytes, sizeof kWorkspaceBytes));
    std::vector<cublasLtMatmulHeuristicResult_t> results(kMostAlgorithms);
    int count = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        handle(), desc_.get(), left(), right(), result_.get(), result_.get(), made, kMostAlgorithms,
        results.data(), &count);
    std::vector<cublasLtMatmulAlgo_t> list;
    if (status != CUBLAS_STATUS_SUCCESS) return list;  // nothing is offered in this order
    for (int i = 0; i < count; ++i) list.push_back(results[static_cast<size_t>(i)].algo);
    return list;
  }

  [[nodiscard]] cublasStatus_t multiply(const cublasLtMatmulAlgo_t& algorithm, const void* A,
                                        const void* weights, void* C, void* workspace) const {
    const float one = 1.0f, zero = 0.0f;
    const void* a = token_major_ ? weights : A;
    const void* b = token_major_ ? A : weights;
    return cublasLtMatmul(handle(), desc_.get(), &one, a, left(), b, right(), &zero, C,
                          result_.get(), C, result_.get(), &algorithm, workspace, kWorkspaceBytes,
                          nullptr);
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] cublasLtMatrixLayout_t left() const {
    return token_major_ ? weights_.get() : activations_.get();
  }
  [[nodiscard]] cublasLtMatrixLayout_t right() const {
    return token_major_ ? activations_.get() : weights_.get();
  }
  void set_transposed(cublasLtMatmulDescAttributes_t which, bool yes) {
    const cublasOperation_t operation = yes ? CUBLAS_OP_T : CUBLAS_OP_N;
    TVW_LT(cublasLtMatmulDescSetAttribute(desc_.get(), which, &operation, sizeof operation));
  }

  bool token_major_;
  std::string name_;
  MatmulDesc desc_;
  Matrix weights_, activations_, result_;
};

/// One formulation with one algorithm.
struct Candidate {
  const Formulation* formulation = nullptr;
  const uint16_t* weights = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
  int rank = 0;  ///< in the library's own order
  double time_us = 0.0;
};

class DensePlan final : public Plan {
 public:
  DensePlan(const Problem& problem, bool cold)
      : shape_(problem.shape()), cold_(cold), workspace_(static_cast<int64_t>(kWorkspaceBytes)) {
    const auto& dense = std::get<DenseMatrix>(*problem.weights);
    const std::span stored(dense.values.words<uint16_t>(), static_cast<size_t>(dense.K * dense.N));
    by_row_ = DeviceArray<uint16_t>(stored);
    by_column_ = DeviceArray<uint16_t>(by_row_.count());
    launch_transpose(by_row_.data(), shape_.N, by_column_.data(), shape_.K, shape_.K, shape_.N);
    formulations_.push_back(std::make_unique<Formulation>(problem, true));
    formulations_.push_back(std::make_unique<Formulation>(problem, false));
    choose(problem.dtype == DType::kBF16);
    // Only the order that won stays.
    DeviceArray<uint16_t>& loser =
        best_.weights == by_row_.data() ? by_column_ : by_row_;
    loser = DeviceArray<uint16_t>();
  }

  void run(const void* A, void* C) override {
    TVW_LT(best_.formulation->multiply(best_.algorithm, A, best_.weights, C, workspace_.data()));
  }
  [[nodiscard]] std::string kernel_name() const override {
    return "cublasLt " + best_.formulation->name() + ", heuristic " + std::to_string(best_.rank) +
           ", best of " + std::to_string(tried_);
  }
  [[nodiscard]] std::string isa() const override { return "cublasLt"; }
  [[nodiscard]] int64_t weight_bytes() const override { return shape_.K * shape_.N * 2; }
  [[nodiscard]] double actual_flops() const override { return shape_.dense_flops(); }

 private:
  void choose(bool bf16) {
    DeviceArray<uint16_t> A(shape_.M * shape_.K);
    DeviceArray<uint16_t> C(shape_.M * shape_.N);
    launch_fill(A.data(), A.count(), bf16, 1);
    std::vector<Candidate> candidates;
    for (size_t f = 0; f < formulations_.size(); ++f) {
      int rank = 0;
      for (const cublasLtMatmulAlgo_t& algorithm : formulations_[f]->algorithms()) {
        candidates.push_back({formulations_[f].get(), f == 0 ? by_row_.data() : by_column_.data(),
                              algorithm, rank++, 0.0});
      }
    }
    std::erase_if(candidates, [&](const Candidate& c) {  // some are offered, yet cannot run
      const bool ok = c.formulation->multiply(c.algorithm, A.data(), c.weights, C.data(),
                                              workspace_.data()) == CUBLAS_STATUS_SUCCESS &&
                      cudaDeviceSynchronize() == cudaSuccess;
      if (!ok) (void)cudaGetLastError();
      return !ok;
    });
    if (candidates.empty()) {
      throw Error(ErrorCode::kUnsupported, "cuBLASLt offers no algorithm for this problem");
    }
    tried_ = static_cast<int>(candidates.size());
    const auto launch = [&](const Candidate& c) {
      TVW_LT(c.formulation->multiply(c.algorithm, A.data(), c.weights, C.data(),
                                     workspace_.data()));
    };
    const auto by_time = [](const Candidate& a, const Candidate& b) { return a.time_us < b.time_us; };
    for (Candidate& c : candidates) c.time_us = quick_time_us([&] { launch(c); });
    std::sort(candidates.begin(), candidates.end(), by_time);
    if (cold_) {
      candidates.resize(std::min(candidates.size(), 3 * kFinalists));
      time_again(candidates, [&](const Candidate& c) {
        evict_cache();
        return time_launches_us([&] { launch(c); }, 1);
      });
    } else {
      candidates.resize(std::min(candidates.size(), kFinalists));
      time_again(candidates, [&](const Candidate& c) {
        return time_launches_us([&] { launch(c); }, 8);
      });
    }
    best_ = *std::min_element(candidates.begin(), candidates.end(), by_time);
  }

  /// Medians over interleaved rounds.
  static void time_again(std::vector<Candidate>& candidates,
                         const std::function<double(const Candidate&)>& time) {
    constexpr size_t kRounds = 5;
    std::vector<std::vector<double>> samples(candidates.size());
    for (size_t round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < candidates.size(); ++i) samples[i].push_back(time(candidates[i]));
    }
    for (size_t i = 0; i < candidates.size(); ++i) {
      std::nth_element(samples[i].begin(), samples[i].begin() + kRounds / 2, samples[i].end());
      candidates[i].time_us = samples[i][kRounds / 2];
    }
  }

  GemmShape shape_;
  bool cold_;
  DeviceArray<uint8_t> workspace_;
  DeviceArray<uint16_t> by_row_, by_column_;
  std::vector<std::unique_ptr<Formulation>> formulations_;
  Candidate best_;
  int tried_ = 0;
};

class DenseExecutor final : public Executor {
 public:
  DenseExecutor(std::string_view name, bool cold) : name_(name), cold_(cold) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return "dense"; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (!std::holds_alternative<DenseMatrix>(*problem.weights)) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not dense");
    }
    return supports_baseline(problem);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return std::make_unique<DensePlan>(problem, cold_);
  }

 private:
  std::string_view name_;
  bool cold_;
};

}  // namespace

const Executor& dense_cublaslt() {
  static const DenseExecutor executor("cuda.dense.cublaslt", false);
  return executor;
}
const Executor& dense_cublaslt_cold() {
  static const DenseExecutor executor("cuda.dense.cublaslt-cold", true);
  return executor;
}

double measure_dense_gflops(DType dtype) {
  constexpr int64_t kSide = 8192;
  const pack::PackedWeights weights =
      DenseMatrix{kSide, kSide, TypedBuffer(dtype, kSide * kSide)};
  Problem problem{kSide, dtype, Layout::kTokenMajor, &weights, {}};
  DensePlan plan(problem, false);
  DeviceArray<uint16_t> A(kSide * kSide), C(kSide * kSide);
  launch_fill(A.data(), A.count(), dtype == DType::kBF16, 2);
  double best = time_launches_us([&] { plan.run(A.data(), C.data()); }, 2);
  for (int trial = 0; trial < 3; ++trial) {
    best = std::min(best, time_launches_us([&] { plan.run(A.data(), C.data()); }, 2));
  }
  return problem.shape().dense_flops() / (best / 2) * 1e-3;
}

}  // namespace tvw::kernels::cuda
