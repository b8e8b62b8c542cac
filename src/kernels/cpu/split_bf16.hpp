/// @file f32 as the sum of three bf16, exactly, so that what multiplies bf16 fast multiplies f32.
///
/// Each part is the upper half of what the parts before leave over: 8 of 24 bits. Six of the nine
/// products of two such sums are worked out; the other three are less than 2^-21 of their product,
/// on average 2^-24, which is what f32 rounds by. Of values below 2^-110 AMX takes less than three
/// parts, as it has no denormal numbers; infinite ones become NaN, as nothing that is left over of
/// them is a number. For AVX-512 with BW.
#pragma once

#if defined(__x86_64__)
// GCC 12 takes what its own header leaves undefined on purpose for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <array>

/// Of functions that are put into others of the same instruction set, and of those others.
#define TVW_AVX512 __attribute__((target("avx512f,avx512bw")))
#define TVW_AVX512_INLINE TVW_AVX512 __attribute__((always_inline)) inline

namespace tvw::kernels::cpu {

inline constexpr int kBf16Parts = 3;

/// Part i of the one times part j of the other.
struct PartProduct {
  int i = 0;
  int j = 0;
};
inline constexpr std::array<PartProduct, 6> kPartProducts{
    {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {2, 0}}};

/// The parts of 16 values, each in the upper half of its lane, over what it leaves.
struct Bf16Parts {
  __m512i of[kBf16Parts];
};

TVW_AVX512_INLINE Bf16Parts split_bf16(const float* values) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000u));
  Bf16Parts parts;
  __m512i left = _mm512_load_si512(values);
  for (__m512i& part : parts.of) {
    part = left;
    const __m512 taken = _mm512_castsi512_ps(_mm512_and_si512(part, upper));
    left = _mm512_castps_si512(_mm512_sub_ps(_mm512_castsi512_ps(left), taken));
  }
  return parts;
}

/// Pairs of bf16: in lane i the values i of two parts, `first`'s in the lower half.
TVW_AVX512_INLINE __m512i bf16_pairs(__m512i first, __m512i second) {
  constexpr __mmask32 kLower = 0x55555555;
  return _mm512_mask_blend_epi16(kLower, second, _mm512_srli_epi32(first, 16));
}

}  // namespace tvw::kernels::cpu
#endif
