#include "kernels/cuda/baselines/cusparse_spmm.hpp"

#include <optional>

#include "kernels/cuda/baselines/token_sample.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/common/per_device.hpp"
#include "tvw/core/error.hpp"

namespace tvw::kernels::cuda {
namespace {

cusparseHandle_t handle() {
  return per_device([] {
    cusparseHandle_t created = nullptr;
    TVW_CUSPARSE(cusparseCreate(&created));
    return created;
  });
}

struct DnMatDestroyer {
  using pointer = cusparseDnMatDescr_t;
  void operator()(cusparseDnMatDescr_t matrix) const { (void)cusparseDestroyDnMat(matrix); }
};
using DnMat = std::unique_ptr<cusparseDnMatDescr_t, DnMatDestroyer>;

/// A [rows, M] activation matrix: feature-major is row-major there, token-major column-major.
DnMat make_dense(int64_t rows, int64_t M, void* data, const Problem& problem) {
  const bool feature = problem.layout == Layout::kFeatureMajor;
  cusparseDnMatDescr_t matrix = nullptr;
  TVW_CUSPARSE(cusparseCreateDnMat(&matrix, rows, M, feature ? M : rows, data,
                                   cusparse_type(problem.dtype),
                                   feature ? CUSPARSE_ORDER_ROW : CUSPARSE_ORDER_COL));
  return DnMat(matrix);
}

constexpr auto kPlain = CUSPARSE_OPERATION_NON_TRANSPOSE;

/// One algorithm, ready to run. Its description of the operand is its own: of one description only
/// one algorithm's preprocessing is active.
struct Candidate {
  SpmmAlgorithm algorithm{};
  SpMat matrix;
  DeviceArray<uint8_t> buffer;
};

class SpmmPlan final : public Plan {
 public:
  SpmmPlan(const Problem& problem, std::unique_ptr<SparseOperand> operand,
           const std::vector<SpmmAlgorithm>& algorithms, std::string name, double stored_values)
      : shape_(problem.shape()),
        operand_(std::move(operand)),
        name_(std::move(name)),
        stored_values_(stored_values) {
    DeviceArray<uint16_t> A(shape_.M * shape_.K);
    DeviceArray<uint16_t> C(shape_.M * shape_.N);
    launch_fill(A.data(), A.count(), problem.dtype == DType::kBF16, 1);
    activations_ = make_dense(shape_.K, shape_.M, A.data(), problem);
    result_ = make_dense(shape_.N, shape_.M, C.data(), problem);
    std::optional<TokenSample> sample;  // where there is a choice
    if (algorithms.size() > 1) sample.emplace(problem, A.data());
    std::vector<Candidate> candidates, wrong;
    for (const SpmmAlgorithm& algorithm : algorithms) {
      Candidate candidate{algorithm, operand_->describe(), {}};
      TVW_CUDA(cudaMemset(C.data(), 0xFF, C.size_bytes()));  // NaN: what is not written is wrong
      if (!prepare(candidate)) continue;
      const bool right = !sample || sample->right(C.data());
      (right ? candidates : wrong).push_back(std::move(candidate));
    }
    // If all of them are wrong, the verification is to show it.
    if (candidates.empty()) candidates = std::move(wrong);
    if (candidates.empty()) {
      throw Error(ErrorCode::kUnsupported, name_ + ": cuSPARSE runs none of its algorithms here");
    }
    const size_t best = chosen_way(candidates.size(), [&] {
      return fastest_of(candidates.size(),
                        [&](size_t i) { TVW_CUSPARSE(multiply(candidates[i])); });
    });
    best_ = std::move(candidates[best]);
  }

  void run(const void* A, void* C) override {
    TVW_CUSPARSE(cusparseDnMatSetValues(activations_.get(), const_cast<void*>(A)));
    TVW_CUSPARSE(cusparseDnMatSetValues(result_.get(), C));
    TVW_CUSPARSE(multiply(best_));
  }
  [[nodiscard]] std::string kernel_name() const override {
    return name_ + " " + best_.algorithm.name;
  }
  [[nodiscard]] std::string isa() const override { return "cuSPARSE"; }
  [[nodiscard]] int64_t weight_bytes() const override { return operand_->size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * stored_values_ * static_cast<double>(shape_.M);
  }

 private:
  /// False if the library refuses, now or when it is run.
  bool prepare(Candidate& candidate) {
    const float one = 1.0f, zero = 0.0f;
    size_t bytes = 0;
    if (cusparseSpMM_bufferSize(handle(), kPlain, kPlain, &one, candidate.matrix.get(),
                                activations_.get(), &zero, result_.get(), CUDA_R_32F,
                                candidate.algorithm.value, &bytes) != CUSPARSE_STATUS_SUCCESS) {
      return false;
    }
    candidate.buffer = DeviceArray<uint8_t>(static_cast<int64_t>(bytes) + 16);
    (void)cusparseSpMM_preprocess(handle(), kPlain, kPlain, &one, candidate.matrix.get(),
                                  activations_.get(), &zero, result_.get(), CUDA_R_32F,
                                  candidate.algorithm.value, candidate.buffer.data());
    const bool ok =
        multiply(candidate) == CUSPARSE_STATUS_SUCCESS && cudaDeviceSynchronize() == cudaSuccess;
    if (!ok) (void)cudaGetLastError();
    return ok;
  }

  cusparseStatus_t multiply(const Candidate& candidate) {
    const float one = 1.0f, zero = 0.0f;
    return cusparseSpMM(handle(), kPlain, kPlain, &one, candidate.matrix.get(), activations_.get(),
                        &zero, result_.get(), CUDA_R_32F, candidate.algorithm.value,
                        const_cast<uint8_t*>(candidate.buffer.data()));
  }

  GemmShape shape_;
  std::unique_ptr<SparseOperand> operand_;
  std::string name_;
  double stored_values_;
  DnMat activations_, result_;
  Candidate best_;
};

}  // namespace

void check_cusparse(cusparseStatus_t status, const char* call) {
  check_status(status, "cuSPARSE", call, cusparseGetErrorString(status));
}

cudaDataType cusparse_type(DType dtype) { return dtype == DType::kF16 ? CUDA_R_16F : CUDA_R_16BF; }

std::unique_ptr<Plan> make_spmm_plan(const Problem& problem, std::unique_ptr<SparseOperand> operand,
                                     const std::vector<SpmmAlgorithm>& algorithms, std::string name,
                                     double stored_values) {
  return std::make_unique<SpmmPlan>(problem, std::move(operand), algorithms, std::move(name),
                                    stored_values);
}

}  // namespace tvw::kernels::cuda
