/// @file The CPU executors. Each has static storage and no state.
#pragma once

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

const Executor& tvw_simd();      ///< cpu.tvw.simd
const Executor& tw_simd();       ///< cpu.tw.simd
const Executor& nm_simd();       ///< cpu.nm.simd
const Executor& block_simd();    ///< cpu.block.simd
const Executor& csr_simd();      ///< cpu.csr.simd
const Executor& dense_simd();    ///< cpu.dense.simd: for few rows of A
const Executor& dense_onednn();  ///< cpu.dense.onednn
const Executor& reference();     ///< cpu.reference: any format, never fast

}  // namespace tvw::kernels::cpu
