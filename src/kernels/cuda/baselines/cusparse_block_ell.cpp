// cuda.block.cusparse: block sparsity by cuSPARSE's Blocked-ELL, which runs on tensor cores.
#include "kernels/cuda/baselines/cusparse_spmm.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/executors.hpp"

namespace tvw::kernels::cuda {
namespace {

/// The library wants values as one [rows, ell_cols] matrix; ours lie block by block.
std::vector<uint16_t> values_by_row(const pack::BlockEllMatrix& m) {
  const int64_t b = m.ell_block_size;
  std::vector<uint16_t> values(static_cast<size_t>(m.ell_values.count()));
  const auto* from = m.ell_values.words<uint16_t>();
  for (int64_t block_row = 0; block_row < m.block_rows(); ++block_row) {
    for (int64_t slot = 0; slot < m.slots(); ++slot) {
      for (int64_t n = 0; n < b; ++n) {
        for (int64_t k = 0; k < b; ++k) {
          const int64_t to = (block_row * b + n) * m.ell_cols + slot * b + k;
          values[static_cast<size_t>(to)] = *from++;
        }
      }
    }
  }
  return values;
}

class BlockEllOperand final : public SparseOperand {
 public:
  explicit BlockEllOperand(const pack::BlockEllMatrix& m)
      : N_(m.N),
        K_(m.K),
        block_size_(m.ell_block_size),
        cols_(m.ell_cols),
        type_(cusparse_type(m.ell_values.dtype())),
        columns_(std::span<const int32_t>(m.ell_col_ind)),
        values_(std::span<const uint16_t>(values_by_row(m))) {}
  [[nodiscard]] SpMat describe() override {
    cusparseSpMatDescr_t made = nullptr;
    TVW_CUSPARSE(cusparseCreateBlockedEll(&made, N_, K_, block_size_, cols_, columns_.data(),
                                          values_.data(), CUSPARSE_INDEX_32I,
                                          CUSPARSE_INDEX_BASE_ZERO, type_));
    return SpMat(made);
  }
  [[nodiscard]] int64_t size_bytes() const override {
    return static_cast<int64_t>(columns_.size_bytes() + values_.size_bytes());
  }

 private:
  int64_t N_, K_, block_size_, cols_;
  cudaDataType type_;
  DeviceArray<int32_t> columns_;
  DeviceArray<uint16_t> values_;
};

class BlockExecutor final : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "cuda.block.cusparse"; }
  [[nodiscard]] std::string_view format() const override { return "block-ell"; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    const auto* ell = std::get_if<pack::BlockEllMatrix>(problem.weights);
    if (ell == nullptr) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not block-ell");
    }
    if (ell->slots() == 0) return Support::no("no block is kept");
    const int64_t b = ell->ell_block_size;
    if (ell->N % b != 0 || ell->K % b != 0) {
      return Support::no("cuSPARSE wants whole blocks of " + std::to_string(b) +
                         ", K = " + std::to_string(ell->K) + " and N = " + std::to_string(ell->N));
    }
    return supports_baseline(problem);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    const auto& ell = std::get<pack::BlockEllMatrix>(*problem.weights);
    return make_spmm_plan(problem, std::make_unique<BlockEllOperand>(ell),
                          {{CUSPARSE_SPMM_BLOCKED_ELL_ALG1, "BLOCKED_ELL_ALG1"}},
                          "cusparseSpMM blocks of " + std::to_string(ell.ell_block_size),
                          static_cast<double>(ell.ell_values.count()));
  }
};

}  // namespace

const Executor& block_cusparse() {
  static const BlockExecutor executor;
  return executor;
}

}  // namespace tvw::kernels::cuda
