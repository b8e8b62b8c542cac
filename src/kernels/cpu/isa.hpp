/// @file cpu_isa.hpp, and what only the kernels and their tests need of it.
#pragma once

#include "tvw/kernels/cpu_isa.hpp"

namespace tvw::kernels::cpu {

/// limit_cpu_isa() for everything but oneDNN, which can be limited only before its first use: for
/// tests that go through all instruction sets.
/// REQUIRES: cpu_isas() has it.
void limit_own_kernels(CpuIsa best);

/// Whether bf16 is multiplied as it is, by vdpbf16ps or AMX. Where vdpbf16ps multiplies no faster
/// than f32's FMA does, which needs no pairs, it is left out, but for a limit to kAvx512Bf16.
[[nodiscard]] bool multiplies_bf16();

/// Whether 16 numbers are shuffled as fast as 8. Zen 4 is not known to: it takes vectors of 16 by
/// halves.
[[nodiscard]] bool shuffles_wide();

/// Whether an instruction that loads 16 numbers from anywhere takes half of the time of 16 loads
/// and stores. AMD's is microcode, and Intel's before Golden Cove is slowed down against Downfall.
[[nodiscard]] bool gathers_fast();

/// What f32 is computed with: the name of cpu_isa(), without extensions that are for other types.
[[nodiscard]] std::string f32_isa_name();

}  // namespace tvw::kernels::cpu
