/// @file The executors of the CUDA module. Static storage; module.cpp has the order.
#pragma once

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

[[nodiscard]] const Executor& dense_cublaslt();
[[nodiscard]] const Executor& dense_cublaslt_cold();
[[nodiscard]] const Executor& block_cusparse();
[[nodiscard]] const Executor& csr_cusparse();
[[nodiscard]] const Executor& nm_cusparselt();
[[nodiscard]] const Executor& tvw_sm90();
[[nodiscard]] const Executor& tw_sm90();
[[nodiscard]] const Executor& nm_sm90();
[[nodiscard]] const Executor& tvw_sm80();
[[nodiscard]] const Executor& tw_sm80();
[[nodiscard]] const Executor& nm_sm80();
[[nodiscard]] const Executor& tvw_decode();
[[nodiscard]] const Executor& tw_decode();
[[nodiscard]] const Executor& nm_decode();

}  // namespace tvw::kernels::cuda
