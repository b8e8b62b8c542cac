/// @file The rates of vdpbf16ps and of AMX, of which Highway has no exact counterparts.
#pragma once

#include <cstdint>

namespace tvw::bench {

/// Runs `steps` rounds of independent chains in registers; returns the multiplications and
/// additions. AVX512_BF16 only: ask kernels::cpu_isa() first. `sink` gets a value, so that nothing
/// is left out.
double bf16_flops(int64_t steps, float* sink);
/// The same by tile registers: kAmxBf16 only.
double amx_flops(int64_t steps, float* sink);

}  // namespace tvw::bench
