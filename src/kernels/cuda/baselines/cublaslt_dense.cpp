// cuda.dense.cublaslt: the dense baseline, at the best that cuBLASLt can do for the problem.
//
// prepare() stores the weights in both orders and times every algorithm that the library's
// heuristics offer for each: the fastest is the baseline. Back-to-back and with cold caches another
// one may win, so there are two executors that choose by one state each.
#include "kernels/cuda/baselines/cublaslt_dense.hpp"

#include <cublasLt.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/common/cache.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/common/per_device.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/executors.hpp"
#include "tvw/core/error.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int kMostAlgorithms = 32;  // per order of the weights
constexpr size_t kFinalists = 4;     // timed again, for longer
constexpr int kHotRepeats = 8;
constexpr size_t kWorkspaceBytes = size_t{64} << 20;

void check_lt(cublasStatus_t status, const char* call) {
  check_status(status, "cuBLASLt", call, cublasLtGetStatusString(status));
}
#define TVW_LT(call) check_lt((call), #call)

cublasLtHandle_t handle() {
  return per_device([] {
    cublasLtHandle_t created = nullptr;
    TVW_LT(cublasLtCreate(&created));
    return created;
  });
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

cublasLtEpilogue_t epilogue_of(const Epilogue& epilogue) {
  const bool bias = !epilogue.bias.empty();
  switch (epilogue.activation) {
    case Activation::kRelu:
      return bias ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
    case Activation::kGeluErf:  // supports() refuses it
    case Activation::kGeluTanh:
      return bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
    case Activation::kNone:
      break;
  }
  return bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

/// The product in cuBLAS's column-major terms, for one order of the weights.
///
/// Feature-major results are C_(M x N) = A_(M x K) W_(K x N); token-major ones are the transposed
/// product, with W on the left.
class Formulation {
 public:
  /// `bias` [N] of the problem's type, on the device, or null; must outlive this.
  Formulation(const Problem& problem, bool weights_by_row, const uint16_t* bias)
      : token_major_(problem.layout == Layout::kTokenMajor) {
    const GemmShape s = problem.shape();
    const cudaDataType_t type = problem.dtype == DType::kF16 ? CUDA_R_16F : CUDA_R_16BF;
    cublasLtMatmulDesc_t desc = nullptr;
    TVW_LT(cublasLtMatmulDescCreate(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    desc_.reset(desc);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(problem.epilogue));
    if (bias != nullptr) {
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
      set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type);
    }
    // B [K, N] by rows is N x K in columns; its transpose [N, K] by rows is K x N.
    weights_ = weights_by_row ? make_matrix(type, s.N, s.K, s.N) : make_matrix(type, s.K, s.N, s.K);
    if (token_major_) {
      activations_ = make_matrix(type, s.K, s.M, s.K);
      result_ = make_matrix(type, s.N, s.M, s.N);
      set(CUBLASLT_MATMUL_DESC_TRANSA, weights_by_row ? CUBLAS_OP_N : CUBLAS_OP_T);
    } else {
      activations_ = make_matrix(type, s.M, s.K, s.M);
      result_ = make_matrix(type, s.M, s.N, s.M);
      set(CUBLASLT_MATMUL_DESC_TRANSB, weights_by_row ? CUBLAS_OP_T : CUBLAS_OP_N);
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
  template <class T>
  void set(cublasLtMatmulDescAttributes_t which, T value) {
    TVW_LT(cublasLtMatmulDescSetAttribute(desc_.get(), which, &value, sizeof value));
  }

  bool token_major_;
  std::string name_;
  MatmulDesc desc_;
  Matrix weights_, activations_, result_;
};

/// One formulation with one algorithm.
struct Candidate {
  std::shared_ptr<const Formulation> formulation;
  const uint16_t* weights = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
  int rank = 0;  ///< in the library's own order
  double time_us = 0.0;
};

/// A candidate with its weights.
class DensePlan final : public Plan {
 public:
  DensePlan(GemmShape shape, Candidate chosen, int tried, DeviceArray<uint16_t> weights,
            std::shared_ptr<DeviceArray<uint16_t>> bias,
            std::shared_ptr<DeviceArray<uint8_t>> workspace)
      : shape_(shape),
        chosen_(std::move(chosen)),
        tried_(tried),
        weights_(std::move(weights)),
        bias_(std::move(bias)),
        workspace_(std::move(workspace)) {}

  void run(const void* A, void* C) override {
    TVW_LT(chosen_.formulation->multiply(chosen_.algorithm, A, weights_.data(), C,
                                         workspace_->data()));
  }
  [[nodiscard]] std::string kernel_name() const override {
    return "cublasLt " + chosen_.formulation->name() + ", heuristic " +
           std::to_string(chosen_.rank) + ", best of " + std::to_string(tried_);
  }
  [[nodiscard]] std::string isa() const override { return "cublasLt"; }
  [[nodiscard]] int64_t weight_bytes() const override { return shape_.K * shape_.N * 2; }
  [[nodiscard]] double actual_flops() const override { return shape_.dense_flops(); }
  [[nodiscard]] std::unique_ptr<Plan> duplicate() const override {
    return std::make_unique<DensePlan>(shape_, chosen_, tried_, weights_.copy(), bias_, workspace_);
  }

 private:
  GemmShape shape_;
  Candidate chosen_;
  int tried_;
  DeviceArray<uint16_t> weights_;
  std::shared_ptr<DeviceArray<uint16_t>> bias_;      ///< the formulation reads it
  std::shared_ptr<DeviceArray<uint8_t>> workspace_;  ///< runs follow one another
};

/// Tries all formulations with all algorithms.
class Search {
 public:
  Search(const Problem& problem, bool cold)
      : shape_(problem.shape()),
        cold_(cold),
        bias_(device_bias(problem)),
        workspace_(std::make_shared<DeviceArray<uint8_t>>(static_cast<int64_t>(kWorkspaceBytes))),
        A_(shape_.M * shape_.K),
        C_(shape_.M * shape_.N) {
    const auto& dense = std::get<DenseMatrix>(*problem.weights);
    const std::span stored(dense.values.words<uint16_t>(), static_cast<size_t>(dense.K * dense.N));
    by_row_ = DeviceArray<uint16_t>(stored);
    by_column_ = DeviceArray<uint16_t>(by_row_.count());
    launch_transpose(by_row_.data(), shape_.N, by_column_.data(), shape_.K, shape_.K, shape_.N);
    launch_fill(A_.data(), A_.count(), problem.dtype == DType::kBF16, 1);
    for (const bool weights_by_row : {true, false}) {
      const auto formulation = std::make_shared<const Formulation>(problem, weights_by_row,
                                                                   bias_ ? bias_->data() : nullptr);
      int rank = 0;
      for (const cublasLtMatmulAlgo_t& algorithm : formulation->algorithms()) {
        candidates_.push_back({formulation, weights_by_row ? by_row_.data() : by_column_.data(),
                               algorithm, rank++, 0.0});
      }
    }
    drop_those_that_fail();
  }

  /// @throws Error kUnsupported the library offers nothing
  [[nodiscard]] std::unique_ptr<Plan> best() {
    if (candidates_.empty()) {
      throw Error(ErrorCode::kUnsupported, "cuBLASLt offers no algorithm for this problem");
    }
    const auto tried = static_cast<int>(candidates_.size());
    const auto by_time = [](const Candidate& a, const Candidate& b) {
      return a.time_us < b.time_us;
    };
    for (Candidate& c : candidates_) c.time_us = quick_time_us([&] { launch(c); });
    std::sort(candidates_.begin(), candidates_.end(), by_time);
    candidates_.resize(std::min(candidates_.size(), cold_ ? 3 * kFinalists : kFinalists));
    time_again();
    const Candidate& winner = *std::min_element(candidates_.begin(), candidates_.end(), by_time);
    DeviceArray<uint16_t>& weights = winner.weights == by_row_.data() ? by_row_ : by_column_;
    return std::make_unique<DensePlan>(shape_, winner, tried, std::move(weights), bias_,
                                       workspace_);
  }

 private:
  /// [N], or null if there is none.
  static std::shared_ptr<DeviceArray<uint16_t>> device_bias(const Problem& problem) {
    if (problem.epilogue.bias.empty()) return nullptr;
    const auto bias = TypedBuffer::from_f32(problem.dtype, problem.epilogue.bias);
    return std::make_shared<DeviceArray<uint16_t>>(
        std::span(bias.words<uint16_t>(), problem.epilogue.bias.size()));
  }

  void drop_those_that_fail() {
    std::erase_if(candidates_, [&](const Candidate& c) {  // some are offered, yet cannot run
      const bool ok = c.formulation->multiply(c.algorithm, A_.data(), c.weights, C_.data(),
                                              workspace_->data()) == CUBLAS_STATUS_SUCCESS &&
                      cudaDeviceSynchronize() == cudaSuccess;
      if (!ok) (void)cudaGetLastError();
      return !ok;
    });
  }

  void launch(const Candidate& c) {
    TVW_LT(
        c.formulation->multiply(c.algorithm, A_.data(), c.weights, C_.data(), workspace_->data()));
  }

  /// Medians over interleaved rounds, in the cache state that counts.
  void time_again() {
    constexpr size_t kRounds = 5;
    std::vector<std::vector<double>> samples(candidates_.size());
    for (size_t round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < candidates_.size(); ++i) {
        if (cold_) evict_cache();
        samples[i].push_back(
            time_launches_us([&] { launch(candidates_[i]); }, cold_ ? 1 : kHotRepeats));
      }
    }
    for (size_t i = 0; i < candidates_.size(); ++i) {
      std::nth_element(samples[i].begin(), samples[i].begin() + kRounds / 2, samples[i].end());
      candidates_[i].time_us = samples[i][kRounds / 2];
    }
  }

  GemmShape shape_;
  bool cold_;
  std::shared_ptr<DeviceArray<uint16_t>> bias_;
  std::shared_ptr<DeviceArray<uint8_t>> workspace_;
  DeviceArray<uint16_t> by_row_, by_column_, A_, C_;
  std::vector<Candidate> candidates_;
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
    const Epilogue& epilogue = problem.epilogue;
    if (epilogue.activation == Activation::kGeluErf) {
      return Support::no("cuBLASLt's GELU is the form with tanh (gelu-tanh)");
    }
    if (!epilogue.bias.empty() && problem.layout == Layout::kFeatureMajor) {
      return Support::no("cuBLASLt adds a bias by token in this layout, not by feature");
    }
    return supports_16_bit_types(problem);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return Search(problem, cold_).best();
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
  const pack::PackedWeights weights = DenseMatrix{kSide, kSide, TypedBuffer(dtype, kSide * kSide)};
  Problem problem{kSide, dtype, Layout::kTokenMajor, &weights, {}};
  const std::unique_ptr<Plan> plan = Search(problem, false).best();
  DeviceArray<uint16_t> A(kSide * kSide), C(kSide * kSide);
  launch_fill(A.data(), A.count(), dtype == DType::kBF16, 2);
  double best = time_launches_us([&] { plan->run(A.data(), C.data()); }, 2);
  for (int trial = 0; trial < 3; ++trial) {
    best = std::min(best, time_launches_us([&] { plan->run(A.data(), C.data()); }, 2));
  }
  return problem.shape().dense_flops() / (best / 2) * 1e-3;
}

}  // namespace tvw::kernels::cuda
