/// @file C^T = B^T A^T by cuSPARSE's SpMM: what the CSR and the Blocked-ELL baseline share.
#pragma once

#include <cusparse.h>

#include <memory>
#include <string>
#include <vector>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

void check_cusparse(cusparseStatus_t status, const char* call);
#define TVW_CUSPARSE(call) ::tvw::kernels::cuda::check_cusparse((call), #call)

struct SpMatDestroyer {
  using pointer = cusparseSpMatDescr_t;
  void operator()(cusparseSpMatDescr_t matrix) const { (void)cusparseDestroySpMat(matrix); }
};
using SpMat = std::unique_ptr<cusparseSpMatDescr_t, SpMatDestroyer>;

/// An algorithm of SpMM, by its name in records.
struct SpmmAlgorithm {
  cusparseSpMMAlg_t value;
  const char* name;
};

/// The sparse matrix B^T [N, K] on the device; owns what descriptions of it point to.
class SparseOperand {
 public:
  virtual ~SparseOperand() = default;
  SparseOperand(const SparseOperand&) = delete;
  SparseOperand& operator=(const SparseOperand&) = delete;
  [[nodiscard]] virtual SpMat describe() = 0;
  [[nodiscard]] virtual int64_t size_bytes() const = 0;

 protected:
  SparseOperand() = default;
};

/// Times the algorithms on the problem and keeps the fastest. Those that refuse are left out, and
/// those whose results are wrong (CSR_ALG1 with millions of tokens), unless none is right.
/// @throws Error kUnsupported none of them runs
[[nodiscard]] std::unique_ptr<Plan> make_spmm_plan(const Problem& problem,
                                                   std::unique_ptr<SparseOperand> operand,
                                                   const std::vector<SpmmAlgorithm>& algorithms,
                                                   std::string name, double stored_values);

[[nodiscard]] cudaDataType cusparse_type(DType dtype);

}  // namespace tvw::kernels::cuda
