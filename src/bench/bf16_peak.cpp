#include "bench/bf16_peak.hpp"

#include <hwy/highway.h>

#include "tvw/core/error.hpp"
#include "tvw/kernels/amx_registers.hpp"

#if HWY_ARCH_X86_64
#include <immintrin.h>

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")

namespace tvw::bench {

/// Sums start at different values: equal chains would be computed once.
double bf16_flops(int64_t steps, float* sink) {
  constexpr int kChains = 12;
  constexpr double kFlopsPerChain = 16 * 2 * 2;  // 16 sums of two products
  const auto pairs = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3C003C00));
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(0.01F * static_cast<float>(i));
  for (int64_t step = 0; step < steps; ++step) {
    for (int i = 0; i < kChains; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], pairs, pairs);
  }
  for (int i = 1; i < kChains; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  *sink = _mm512_cvtss_f32(sums[0]);
  return kChains * kFlopsPerChain * static_cast<double>(steps);
}

double amx_flops(int64_t steps, float* sink) {
  using Registers = kernels::AmxRegisters;
  constexpr int64_t kRowBytes = 64;
  constexpr double kFlopsPerRegister = 16 * 16 * 32 * 2;  // 16 x 16 sums of 32 products
  alignas(64) uint32_t ones[kernels::kAmxRegisterWords];
  alignas(64) float sums[kernels::kAmxRegisterWords];
  for (uint32_t& pair : ones) pair = 0x3F803F80;
  Registers::configure();
  Registers::load<4>(ones, kRowBytes);
  Registers::load<5>(ones, kRowBytes);
  for (int64_t step = 0; step < steps; ++step) {
    Registers::add_products<0, 4, 5>();
    Registers::add_products<1, 4, 5>();
    Registers::add_products<2, 4, 5>();
    Registers::add_products<3, 4, 5>();
  }
  Registers::store<0>(sums, kRowBytes);
  Registers::release();
  *sink = sums[0];
  return 4 * kFlopsPerRegister * static_cast<double>(steps);
}

}  // namespace tvw::bench

HWY_POP_ATTRIBUTES

#else

namespace tvw::bench {

double bf16_flops(int64_t /*steps*/, float* /*sink*/) {
  throw Error(ErrorCode::kUnsupported, "this processor has no AVX512_BF16");
}
double amx_flops(int64_t /*steps*/, float* /*sink*/) {
  throw Error(ErrorCode::kUnsupported, "this processor has no AMX");
}

}  // namespace tvw::bench
#endif
