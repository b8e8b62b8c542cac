/// @file cpu_isa.hpp, and what only the kernels and their tests need of it.
#pragma once

#include "tvw/kernels/cpu_isa.hpp"

namespace tvw::kernels::cpu {

/// limit_cpu_isa() for everything but oneDNN, which can be limited only before its first use: for
/// tests that go through all instruction sets.
/// REQUIRES: cpu_isas() has it.
void limit_own_kernels(CpuIsa best);

/// What f32 is computed with: the name of cpu_isa(), without extensions that are for other types.
[[nodiscard]] std::string f32_isa_name();

}  // namespace tvw::kernels::cpu
