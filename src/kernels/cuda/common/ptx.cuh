/// @file The PTX instructions that the kernels use, one function each (PTX ISA 9.0). Barriers, bulk
/// copies and dependent launch need sm_90, registers of a warpgroup sm_90a.
///
/// Shared memory is addressed by 32-bit offsets in the shared window.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace tvw::kernels::cuda {

__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

/// The same value in a register of its own: the compiler neither computes it anew wherever it is
/// used nor lets it share a register.
__device__ __forceinline__ uint32_t kept(uint32_t value) {
  uint32_t same;
  asm volatile("mov.u32 %0, %1;" : "=r"(same) : "r"(value));
  return same;
}
__device__ __forceinline__ int kept(int value) {
  return static_cast<int>(kept(static_cast<uint32_t>(value)));
}

/// This thread's warp, by a shuffle, so that the compiler knows it to be the same for all of the
/// warp: addresses and descriptors then stay in uniform registers.
__device__ __forceinline__ int uniform_warp() {
  return static_cast<int>(__shfl_sync(~0u, threadIdx.x / 32, 0));
}

// --- mbarrier ---------------------------------------------------------------------------------

__device__ __forceinline__ void barrier_init(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}
__device__ __forceinline__ void barrier_init_done() {
  asm volatile("fence.mbarrier_init.release.cluster;");
}
__device__ __forceinline__ void barrier_arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(barrier) : "memory");
}
#ifdef TVW_EVERY_LANE_ARRIVES
inline constexpr int kWarpArrivals = 32;
#else
inline constexpr int kWarpArrivals = 1;
#endif
/// Arrives for a whole warp: one lane does, after all have come here. (For racecheck, which does
/// not follow that, each lane: build option TVW_CUDA_FOR_RACECHECK.)
__device__ __forceinline__ void barrier_arrive_warp(uint32_t barrier, int lane) {
  __syncwarp();
  if (lane < kWarpArrivals) barrier_arrive(barrier);
}
/// Arrives, and lets the phase wait for `bytes` of bulk copies as well.
__device__ __forceinline__ void barrier_expect(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}
/// Arrives once all cp.async of this thread so far have landed; does not wait.
__device__ __forceinline__ void barrier_arrive_after_copies(uint32_t barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(barrier) : "memory");
}
__device__ __forceinline__ void barrier_wait(uint32_t barrier, uint32_t parity) {
  asm volatile(
      "{.reg .pred p;\n"
#if __CUDA_ARCH__ >= 900
      "WAIT_%=: mbarrier.try_wait.parity.shared.b64 p, [%0], %1;\n"
#else
      "WAIT_%=: mbarrier.test_wait.parity.shared.b64 p, [%0], %1;\n"
#endif
      "@p bra DONE_%=;\n"
      "bra WAIT_%=;\n"
      "DONE_%=:}" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

// --- copies -----------------------------------------------------------------------------------

/// 16 bytes, of which `bytes` are read and the rest is zero.
__device__ __forceinline__ void copy_16(uint32_t to, const void* from, uint32_t bytes) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
               "r"(bytes));
}
__device__ __forceinline__ void copy_16(uint32_t to, const void* from) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(to), "l"(from));
}
/// 4, 8 or 16 bytes.
template <int kBytes>
__device__ __forceinline__ void copy_piece(uint32_t to, const void* from) {
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from));
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(to), "l"(from), "n"(kBytes));
  }
}
__device__ __forceinline__ void wait_all_copies() {
  asm volatile("cp.async.wait_all;" ::: "memory");
}
/// Asks for what is soon read by an ordinary load.
__device__ __forceinline__ void prefetch(const void* from) {
  asm volatile("prefetch.global.L1 [%0];" ::"l"(from));
}
/// One bulk copy; completes on `barrier`.
__device__ __forceinline__ void copy_bulk(uint32_t to, const void* from, uint32_t bytes,
                                          uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::
          "r"(to),
      "l"(from), "r"(bytes), "r"(barrier)
      : "memory");
}
/// Makes what landed by ordinary means visible to wgmma. Compiles to MEMBAR: waits for everything
/// that this thread has in flight.
__device__ __forceinline__ void fence_for_async_proxy() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/// Arrives for a warp once what it has read from shared memory is in registers: `read` combines a
/// word of every load. An arrival orders loads before it only with what the generic proxy does
/// later. A bulk copy that it lets go is of the async proxy, and lands under loads still in flight:
/// of some kernels with two CTAs on an SM every run was wrong. (A proxy fence would do, too, and
/// takes 5 to 10 % of a decode kernel's time.)
__device__ __forceinline__ void barrier_arrive_after_reads(uint32_t barrier, int lane,
                                                           uint32_t read) {
#ifdef TVW_EVERY_LANE_ARRIVES
  fence_for_async_proxy();
  barrier_arrive(barrier);
#else
  const bool any = __any_sync(~0u, read == 0);  // either way, one lane arrives
  __syncwarp();
  if (lane == static_cast<int>(any)) barrier_arrive(barrier);
#endif
}

__device__ __forceinline__ uint32_t load_shared_32(uint32_t from) {
  uint32_t value;
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(value) : "r"(from));
  return value;
}
__device__ __forceinline__ void load_shared(uint32_t (&v)[1], uint32_t from) {
  v[0] = load_shared_32(from);
}
__device__ __forceinline__ void load_shared(uint32_t (&v)[2], uint32_t from) {
  asm volatile("ld.shared.v2.b32 {%0, %1}, [%2];" : "=r"(v[0]), "=r"(v[1]) : "r"(from));
}
__device__ __forceinline__ uint4 load_shared_128(uint32_t from) {
  uint4 v;
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "r"(from));
  return v;
}
/// Barriers of some warps: `threads` of them arrive, some of which wait for it.
__device__ __forceinline__ void named_barrier_sync(int id, int threads) {
  asm volatile("barrier.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ __forceinline__ void named_barrier_arrive(int id, int threads) {
  asm volatile("barrier.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/// Stores what will not be read soon. Predicated by hand: for an `if` the compiler branches, and
/// sinks into the branch what the stored value takes to get.
__device__ __forceinline__ void store_streaming_if(bool yes, uint16_t* to, const uint4& v) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.s32 p, %0, 0;\n"
      "@p st.global.cs.v4.b32 [%1], {%2, %3, %4, %5};\n}" ::"r"(static_cast<int>(yes)),
      "l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
      : "memory");
}
__device__ __forceinline__ uint16_t load_shared_16(uint32_t from) {
  uint16_t value;
  asm volatile("ld.shared.b16 %0, [%1];" : "=h"(value) : "r"(from) : "memory");
  return value;
}
__device__ __forceinline__ void store_shared(uint32_t to, uint16_t value) {
  asm volatile("st.shared.b16 [%0], %1;" ::"r"(to), "h"(value) : "memory");
}
__device__ __forceinline__ void store_shared(uint32_t to, uint32_t value) {
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(value) : "memory");
}
__device__ __forceinline__ void store_shared(uint32_t to, const uint2& v) {
  asm volatile("st.shared.v2.b32 [%0], {%1, %2};" ::"r"(to), "r"(v.x), "r"(v.y) : "memory");
}
__device__ __forceinline__ void store_shared(uint32_t to, const uint4& v) {
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(v.x), "r"(v.y), "r"(v.z),
               "r"(v.w)
               : "memory");
}
__device__ __forceinline__ void store_shared(uint32_t to, const float4& v) {
  asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(to), "f"(v.x), "f"(v.y), "f"(v.z),
               "f"(v.w)
               : "memory");
}

// --- clusters ---------------------------------------------------------------------------------

__device__ __forceinline__ void cluster_arrive() {
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}
__device__ __forceinline__ void cluster_wait() {
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}
/// The address in CTA `rank` of the cluster of what is at `address` here.
__device__ __forceinline__ uint32_t remote_address(uint32_t address, int rank) {
  uint32_t remote;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(address), "r"(rank));
  return remote;
}
/// Stores 16 bytes in a CTA of the cluster; completes on a barrier of that CTA.
__device__ __forceinline__ void store_remote_128(uint32_t to, const float4& v, uint32_t barrier) {
  asm volatile(
      "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1, %2, %3, %4}, "
      "[%5];" ::"r"(to),
      "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w), "r"(barrier)
      : "memory");
}

__device__ __forceinline__ float4 load_remote_128(uint32_t from) {
  float4 v;
  asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "r"(from)
               : "memory");
  return v;
}

// --- registers of a warpgroup -----------------------------------------------------------------

template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// --- programmatic dependent launch --------------------------------------------------------------
// Before sm_90 kernels follow one another anyway.

/// Lets the next kernel of the stream start its prologue as soon as SMs are free.
__device__ __forceinline__ void launch_dependents() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
/// Waits until the kernels before have finished and what they wrote can be read.
__device__ __forceinline__ void wait_for_previous_kernel() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// --- numbers ----------------------------------------------------------------------------------

template <class T>
__device__ __forceinline__ uint32_t pack_pair(float low, float high);
template <>
__device__ __forceinline__ uint32_t pack_pair<__half>(float low, float high) {
  uint32_t r;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
template <>
__device__ __forceinline__ uint32_t pack_pair<__nv_bfloat16>(float low, float high) {
  uint32_t r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}

/// With 0 for what is negative; NaN stays one.
template <class T>
__device__ __forceinline__ uint32_t pack_positive_pair(float low, float high);
template <>
__device__ __forceinline__ uint32_t pack_positive_pair<__half>(float low, float high) {
  uint32_t r;
  asm("cvt.rn.relu.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
template <>
__device__ __forceinline__ uint32_t pack_positive_pair<__nv_bfloat16>(float low, float high) {
  uint32_t r;
  asm("cvt.rn.relu.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}

}  // namespace tvw::kernels::cuda
