/// @file C^T = B^T A^T for few tokens (1 to 64): bound by how fast the weights stream in.
///
/// A CTA computes some blocks of 16 features for all tokens over a share of their tile's steps; the
/// CTAs of a cluster have the other shares, so that the chip is full and every kept row of the
/// activations is gathered once per cluster. Producer warps fill a ring of steps in shared memory:
/// weights by bulk copies, as many as the ring holds even before the kernel waits for the one
/// before it (programmatic dependent launch), as they do not depend on it; with two CTAs on an SM,
/// the memory is so busy from one kernel to the next. Consumer warps multiply (by mma, or by wgmma,
/// to which a relay thread hands the steps) and send their sums to the CTA that stores them, which
/// adds them up in a fixed order: no atomics, so results are reproducible.
#pragma once

#include "kernels/cuda/decode/mma_consumer.cuh"
#include "kernels/cuda/decode/producer.cuh"
#include "kernels/cuda/decode/wgmma_consumer.cuh"

namespace tvw::kernels::cuda::decode {

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) decode_gemm(const Params p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  const Ring<C> ring{static_cast<uint32_t>(__cvta_generic_to_shared(memory))};
  int* columns = reinterpret_cast<int*>(memory + C::kColumnsAt);
  const int warp = uniform_warp(), lane = threadIdx.x % 32;
  const int group = static_cast<int>(blockIdx.x) / p.splits;
  const int rank = static_cast<int>(blockIdx.x) % p.splits;
  launch_dependents();
  if (threadIdx.x == 0) {
    for (int s = 0; s < C::kSlots; ++s) {
      // Rows: the lanes of a producer, or for all of them the relay; and the weights.
      barrier_init(ring.full(s), (C::kByWgmma ? 1 : 32) + 1);
      if (C::kByWgmma) barrier_init(ring.landed(s), 32);
      barrier_init(ring.empty(s), kWarpArrivals * C::kConsumerWarps / C::kSlices);
    }
    barrier_init(ring.received(), 1);
    barrier_init(ring.staged(), 1);
    barrier_init_done();
    barrier_expect(ring.received(), OutputShare<C>(rank, p.splits).parts() * 16);
  }
  const Work<C> work(p.first_step, p.blocks_per_tile, group, rank, p.splits);
  if (threadIdx.x < C::kFeatureBlocks * 16) {
    columns[threadIdx.x] =
        __ldg(p.columns + static_cast<int64_t>(group) * C::kFeatureBlocks * 16 + threadIdx.x);
  }
  __syncthreads();
  if (p.splits > 1 && !C::kByWgmma) cluster_arrive();
  if (warp < C::kConsumerWarps) {
    if constexpr (C::kByWgmma) {
      consume_by_wgmma<C, T>(p, ring, work, warp, lane);
    } else {
      consume_by_mma<C, T>(p, ring, work, warp, lane);
    }
    wait_for_previous_kernel();  // it may still read or write y
    with_activation(p.activation, [&](auto finish) {
      store_sums<C, T>(p, ring, work, columns, threadIdx.x, finish);
    });
  } else {
    const int producer = warp - C::kConsumerWarps;
    if (producer < C::kProducerWarps) {
      Producer<C>(p, ring, work, producer, lane).run();
    } else if (lane == 0) {
      relay(ring, work.steps);
    }
    if (p.splits > 1) {
      __syncwarp();
      if (C::kByWgmma) cluster_arrive();
      cluster_wait();
    }
  }
}

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {name,
          C::kSparse,
          dtype,
          C::kTokenBlocks,
          C::kFeatureBlocks,
          C::kThreads,
          C::kSharedBytes,
          C::kStagedBytes,
          C::kByWgmma,
          reinterpret_cast<const void*>(&decode_gemm<C, T>)};
}

}  // namespace tvw::kernels::cuda::decode
