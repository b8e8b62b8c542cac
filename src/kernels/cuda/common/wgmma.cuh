/// @file wgmma with both operands in shared memory: D[64 features, N tokens] += A[64, k] * B[k, N].
///
/// A is K-major (trans-a 0), B token-major (trans-b 1), sums are f32. Sparse: A holds 2 of every 4
/// logical k (16 stored of 32), metadata comes from lanes 4q and 4q+1 (selector 0). One function
/// per N, as PTX wants every accumulator named.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace tvw::kernels::cuda {

__device__ __forceinline__ void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int kPending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

/// Shared-memory matrix descriptor. Swizzle: 0 none, 1 128 bytes.
__device__ __forceinline__ uint64_t matrix_descriptor(uint32_t address, uint32_t leading_bytes,
                                                      uint32_t stride_bytes, uint64_t swizzle) {
  return static_cast<uint64_t>((address & 0x3FFFF) >> 4) |
         static_cast<uint64_t>(leading_bytes >> 4) << 16 |
         static_cast<uint64_t>(stride_bytes >> 4) << 32 | swizzle << 62;
}

/// Wgmma<N, sparse, T>::multiply(d, a, b, metadata, accumulate); d is overwritten if !accumulate.
template <int kTokens, bool kSparse, class T>
struct Wgmma;

// Accumulators by eights: operands of the asm, and their numbers in its text.
#define TVW_ACC8(i)                                                                     \
  "+f"(d[(i)]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3]), "+f"(d[(i) + 4]), \
      "+f"(d[(i) + 5]), "+f"(d[(i) + 6]), "+f"(d[(i) + 7])
#define TVW_ACC32(i) TVW_ACC8(i), TVW_ACC8((i) + 8), TVW_ACC8((i) + 16), TVW_ACC8((i) + 24)
#define TVW_NAMES_0 "%0,%1,%2,%3,%4,%5,%6,%7"
#define TVW_NAMES_8 "%8,%9,%10,%11,%12,%13,%14,%15"
#define TVW_NAMES_16 "%16,%17,%18,%19,%20,%21,%22,%23"
#define TVW_NAMES_24 "%24,%25,%26,%27,%28,%29,%30,%31"
#define TVW_NAMES_32 "%32,%33,%34,%35,%36,%37,%38,%39"
#define TVW_NAMES_40 "%40,%41,%42,%43,%44,%45,%46,%47"
#define TVW_NAMES_48 "%48,%49,%50,%51,%52,%53,%54,%55"
#define TVW_NAMES_56 "%56,%57,%58,%59,%60,%61,%62,%63"
#define TVW_NAMES_64 "%64,%65,%66,%67,%68,%69,%70,%71"
#define TVW_NAMES_72 "%72,%73,%74,%75,%76,%77,%78,%79"
#define TVW_NAMES_80 "%80,%81,%82,%83,%84,%85,%86,%87"
#define TVW_NAMES_88 "%88,%89,%90,%91,%92,%93,%94,%95"
#define TVW_FIRST32 TVW_NAMES_0 "," TVW_NAMES_8 "," TVW_NAMES_16 "," TVW_NAMES_24
#define TVW_FIRST64 TVW_FIRST32 "," TVW_NAMES_32 "," TVW_NAMES_40 "," TVW_NAMES_48 "," TVW_NAMES_56

// A, B, META, KEEP: the operands' numbers behind the accumulators.
#define TVW_WGMMA(N, TYPE, PTX_TYPE, NAMES, A, B, META, KEEP, ...)                                 \
  template <>                                                                                      \
  struct Wgmma<N, true, TYPE> {                                                                    \
    static __device__ __forceinline__ void multiply(float (&d)[(N) / 2], uint64_t a, uint64_t b,   \
                                                    uint32_t metadata, int accumulate) {           \
      asm volatile("{.reg .pred p; setp.ne.b32 p, " KEEP                                           \
                   ", 0; wgmma.mma_async.sp.sync.aligned.m64n" #N "k32.f32." PTX_TYPE "." PTX_TYPE \
                   " {" NAMES "}, " A ", " B ", " META ", 0, p, 1, 1, 0, 1;}"                      \
                   : __VA_ARGS__                                                                   \
                   : "l"(a), "l"(b), "r"(metadata), "r"(accumulate));                              \
    }                                                                                              \
  };                                                                                               \
  template <>                                                                                      \
  struct Wgmma<N, false, TYPE> {                                                                   \
    static __device__ __forceinline__ void multiply(float (&d)[(N) / 2], uint64_t a, uint64_t b,   \
                                                    uint32_t, int accumulate) {                    \
      asm volatile("{.reg .pred p; setp.ne.b32 p, " META                                           \
                   ", 0; wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." PTX_TYPE "." PTX_TYPE    \
                   " {" NAMES "}, " A ", " B ", p, 1, 1, 0, 1;}"                                   \
                   : __VA_ARGS__                                                                   \
                   : "l"(a), "l"(b), "r"(accumulate));                                             \
    }                                                                                              \
  };
#define TVW_WGMMA_TYPES(N, NAMES, A, B, META, KEEP, ...)            \
  TVW_WGMMA(N, __half, "f16", NAMES, A, B, META, KEEP, __VA_ARGS__) \
  TVW_WGMMA(N, __nv_bfloat16, "bf16", NAMES, A, B, META, KEEP, __VA_ARGS__)

TVW_WGMMA_TYPES(32, TVW_NAMES_0 "," TVW_NAMES_8, "%16", "%17", "%18", "%19", TVW_ACC8(0),
                TVW_ACC8(8))
TVW_WGMMA_TYPES(48, TVW_NAMES_0 "," TVW_NAMES_8 "," TVW_NAMES_16, "%24", "%25", "%26", "%27",
                TVW_ACC8(0), TVW_ACC8(8), TVW_ACC8(16))
TVW_WGMMA_TYPES(64, TVW_FIRST32, "%32", "%33", "%34", "%35", TVW_ACC32(0))
TVW_WGMMA_TYPES(96, TVW_FIRST32 "," TVW_NAMES_32 "," TVW_NAMES_40, "%48", "%49", "%50", "%51",
                TVW_ACC32(0), TVW_ACC8(32), TVW_ACC8(40))
TVW_WGMMA_TYPES(112, TVW_FIRST32 "," TVW_NAMES_32 "," TVW_NAMES_40 "," TVW_NAMES_48, "%56", "%57",
                "%58", "%59", TVW_ACC32(0), TVW_ACC8(32), TVW_ACC8(40), TVW_ACC8(48))
TVW_WGMMA_TYPES(128, TVW_FIRST64, "%64", "%65", "%66", "%67", TVW_ACC32(0), TVW_ACC32(32))
TVW_WGMMA_TYPES(144, TVW_FIRST64 "," TVW_NAMES_64, "%72", "%73", "%74", "%75", TVW_ACC32(0),
                TVW_ACC32(32), TVW_ACC8(64))
TVW_WGMMA_TYPES(160, TVW_FIRST64 "," TVW_NAMES_64 "," TVW_NAMES_72, "%80", "%81", "%82", "%83",
                TVW_ACC32(0), TVW_ACC32(32), TVW_ACC8(64), TVW_ACC8(72))
TVW_WGMMA_TYPES(192,
                TVW_FIRST64 "," TVW_NAMES_64 "," TVW_NAMES_72 "," TVW_NAMES_80 "," TVW_NAMES_88,
                "%96", "%97", "%98", "%99", TVW_ACC32(0), TVW_ACC32(32), TVW_ACC32(64))

#undef TVW_WGMMA_TYPES
#undef TVW_WGMMA
#undef TVW_FIRST64
#undef TVW_FIRST32
#undef TVW_NAMES_0
#undef TVW_NAMES_8
#undef TVW_NAMES_16
#undef TVW_NAMES_24
#undef TVW_NAMES_32
#undef TVW_NAMES_40
#undef TVW_NAMES_48
#undef TVW_NAMES_56
#undef TVW_NAMES_64
#undef TVW_NAMES_72
#undef TVW_NAMES_80
#undef TVW_NAMES_88
#undef TVW_ACC32
#undef TVW_ACC8

}  // namespace tvw::kernels::cuda
