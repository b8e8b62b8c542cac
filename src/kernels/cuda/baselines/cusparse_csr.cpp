// cuda.csr.cusparse: unstructured sparsity, at the best of cuSPARSE's CSR algorithms.
#include <limits>

#include "kernels/cuda/baselines/cusparse_spmm.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/executors.hpp"

namespace tvw::kernels::cuda {
namespace {

/// B^T [N, K] in CSR: the columns of B, which our CSR holds by rows.
class CsrOperand final : public SparseOperand {
 public:
  explicit CsrOperand(const pack::CsrMatrix& m) : K_(m.K), type_(cusparse_type(m.values.dtype())) {
    const auto nnz = static_cast<size_t>(m.values.count());
    std::vector<int32_t> offsets(static_cast<size_t>(m.N) + 1);
    for (const int32_t n : m.column_indices) ++offsets[static_cast<size_t>(n) + 1];
    for (size_t n = 0; n < static_cast<size_t>(m.N); ++n) offsets[n + 1] += offsets[n];
    std::vector<int32_t> next(offsets.begin(), offsets.end() - 1);
    std::vector<int32_t> indices(nnz);
    std::vector<uint16_t> values(nnz);
    const auto* from = m.values.words<uint16_t>();
    for (int64_t k = 0; k < m.K; ++k) {
      for (int64_t i = m.row_offsets[static_cast<size_t>(k)];
           i < m.row_offsets[static_cast<size_t>(k) + 1]; ++i) {
        const auto to = static_cast<size_t>(
            next[static_cast<size_t>(m.column_indices[static_cast<size_t>(i)])]++);
        indices[to] = static_cast<int32_t>(k);
        values[to] = from[i];
      }
    }
    offsets_ = DeviceArray<int32_t>(std::span<const int32_t>(offsets));
    indices_ = DeviceArray<int32_t>(std::span<const int32_t>(indices));
    values_ = DeviceArray<uint16_t>(std::span<const uint16_t>(values));
  }
  [[nodiscard]] SpMat describe() override {
    cusparseSpMatDescr_t made = nullptr;
    TVW_CUSPARSE(cusparseCreateCsr(
        &made, offsets_.count() - 1, K_, values_.count(), offsets_.data(), indices_.data(),
        values_.data(), CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, type_));
    return SpMat(made);
  }
  [[nodiscard]] int64_t size_bytes() const override {
    return static_cast<int64_t>(offsets_.size_bytes() + indices_.size_bytes() +
                                values_.size_bytes());
  }

 private:
  int64_t K_;
  cudaDataType type_;
  DeviceArray<int32_t> offsets_, indices_;
  DeviceArray<uint16_t> values_;
};

class CsrExecutor final : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "cuda.csr.cusparse"; }
  [[nodiscard]] std::string_view format() const override { return "csr"; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    const auto* csr = std::get_if<pack::CsrMatrix>(problem.weights);
    if (csr == nullptr) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not csr");
    }
    if (csr->values.count() == 0) return Support::no("no weight is kept");
    if (csr->values.count() > std::numeric_limits<int32_t>::max()) {
      return Support::no("more than 2^31 weights are kept");
    }
    return supports_baseline(problem);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    const auto& csr = std::get<pack::CsrMatrix>(*problem.weights);
    return make_spmm_plan(problem, std::make_unique<CsrOperand>(csr),
                          {{CUSPARSE_SPMM_CSR_ALG1, "CSR_ALG1"},
                           {CUSPARSE_SPMM_CSR_ALG2, "CSR_ALG2"},
                           {CUSPARSE_SPMM_CSR_ALG3, "CSR_ALG3"}},
                          "cusparseSpMM", static_cast<double>(csr.values.count()));
  }
};

}  // namespace

const Executor& csr_cusparse() {
  static const CsrExecutor executor;
  return executor;
}

}  // namespace tvw::kernels::cuda
