/// @file Which of the processor's instruction sets are used: by the kernels of the CPU, by what
/// prunes, and by oneDNN.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tvw::kernels {

/// Each includes those before it.
enum class CpuIsa : uint8_t {
  kBaseline,  ///< what every processor of the architecture has: "scalar", "sse2", "neon"
  kSse4,      ///< 4.1 and 4.2
  kAvx2,      ///< with FMA
  kAvx512,    ///< F, CD, BW, DQ, VL
  kAvx512Bf16,
  kAmxBf16,  ///< if the system lets this process use it
};

/// "sse4", "avx2", "avx512", "avx512_bf16", "amx_bf16"
[[nodiscard]] std::string name(CpuIsa isa);

/// What this processor has, best first.
[[nodiscard]] std::vector<CpuIsa> cpu_isas();

/// The best one in use: what the processor has, up to the limit.
[[nodiscard]] CpuIsa cpu_isa();

/// Nothing better than `best` from now on; a second call may also raise it again.
/// @throws Error kUnsupported the processor lacks it, oneDNN cannot do without what is better, or
///         has been used already, and keeps what it then had
void limit_cpu_isa(CpuIsa best);

/// @throws Error kUsage "unknown instruction set 'avx', did you mean 'avx2'? Known: ..."
[[nodiscard]] CpuIsa parse_cpu_isa(std::string_view text);

}  // namespace tvw::kernels
