/// @file Multiplying what is in the ring, and adding up and storing the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/decode/decode_gemm.hpp"
#include "kernels/cuda/decode/tiling.cuh"

namespace tvw::kernels::cuda::decode {

/// One consumer warp: its blocks of features for all tokens, every kSlices-th step. Sends its sums
/// to the CTAs of the cluster that store them, and waits for those that this one stores.
template <class C, class T>
__device__ __forceinline__ void consume(const Params& p, const Ring<C>& ring, const Work<C>& work,
                                        int warp, int lane) {
  constexpr int kBlocks = C::kBlocksPerWarp;
  constexpr int kWarpsPerSlice = C::kConsumerWarps / C::kSlices;
  const int slice = warp / kWarpsPerSlice;
  const int block = warp % kWarpsPerSlice * kBlocks;
  float sums[kBlocks][C::kTokenBlocks][4] = {};
  Slot<C> slot{slice, 0};
  for (int step = slice; step < work.steps; step += C::kSlices) {
    barrier_wait(ring.full(slot.index), slot.parity);
    const uint32_t fragment = ring.weights(slot.index) + block * C::kFragmentBytes;
    uint4 a[kBlocks][2];
    uint32_t metadata[kBlocks];
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      const uint32_t from = fragment + b * C::kFragmentBytes;
      a[b][0] = load_shared_128(from + lane * 16);
      a[b][1] = load_shared_128(from + 512 + lane * 16);
      if constexpr (C::kSparse) metadata[b] = load_shared_32(from + 1024 + lane * 4);
    }
    const uint32_t x = ring.activations(slot.index);
#pragma unroll
    for (int t = 0; t < C::kTokenBlocks; ++t) {
      const uint32_t rows = x + (t * C::kStepRows + (lane ^ t)) * 16;
      uint32_t low[4], high[4];
      load_transposed(low, rows);
      if constexpr (C::kSparse) load_transposed(high, rows + 32 * 16);
#pragma unroll
      for (int b = 0; b < kBlocks; ++b) {
        if constexpr (C::kSparse) {
          mma_sparse<T, 0>(sums[b][t], a[b][0], low, metadata[b]);
          mma_sparse<T, 1>(sums[b][t], a[b][1], high, metadata[b]);
        } else {
          mma_dense<T>(sums[b][t], a[b][0], low[0], low[1]);
          mma_dense<T>(sums[b][t], a[b][1], low[2], low[3]);
        }
      }
    }
    barrier_arrive_warp(ring.empty(slot.index), lane);
    slot.advance(C::kSlices);
  }
  const auto place_of = [&](int b, int t, int share) {
    const int quad = ((block + b) * C::kTokenBlocks + t) * 32 + lane;
    return ring.base + C::kReceiveAt +
           ((work.rank * C::kSlices + slice) * share + quad % share) * 16;
  };
  if (p.splits == 1) {  // no cluster
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int t = 0; t < C::kTokenBlocks; ++t) {
        store_shared_128(place_of(b, t, C::kQuads), sums[b][t]);
      }
    }
    named_barrier_sync(1, 32 * C::kConsumerWarps);
    return;
  }
  cluster_wait();  // all CTAs are there to receive
  const int share = C::kQuads / p.splits;
#pragma unroll
  for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
    for (int t = 0; t < C::kTokenBlocks; ++t) {
      const int owner = (((block + b) * C::kTokenBlocks + t) * 32 + lane) / share;
      store_remote_128(remote_address(place_of(b, t, share), owner), sums[b][t],
                       remote_address(ring.received(), owner));
    }
  }
  barrier_wait(ring.received(), 0);
}

template <class T, class Finish>
__device__ __forceinline__ void store_pair(const Params& p, int n, int m, float first, float second,
                                           Finish finish) {
  if (n < 0 || m >= p.M) return;
  const float bias = p.bias != nullptr ? __ldg(p.bias + n) : 0.0f;
  const uint32_t bits = pack_pair<T>(finish(first, bias), finish(second, bias));
  uint16_t* y = p.y + n * p.y_row + m * p.y_token;
  if (p.piece_bytes >= 4) {
    *reinterpret_cast<uint32_t*>(y) = bits;  // tokens side by side, and M is even
    return;
  }
  y[0] = static_cast<uint16_t>(bits & 0xFFFF);
  if (m + 1 < p.M) y[p.y_token] = static_cast<uint16_t>(bits >> 16);
}

/// Adds up what all warps of the cluster have sent, always in the same order, and stores it.
template <class C, class T, class Finish>
__device__ __forceinline__ void store_sums(const Params& p, const Ring<C>& ring,
                                           const Work<C>& work, const int* columns, int thread,
                                           Finish finish) {
  const int share = C::kQuads / p.splits;
  for (int i = thread; i < share; i += 32 * C::kConsumerWarps) {
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    for (int part = 0; part < p.splits * C::kSlices; ++part) {
      const uint4 bits = load_shared_128(ring.base + C::kReceiveAt + (part * share + i) * 16);
      sum.x += __uint_as_float(bits.x);
      sum.y += __uint_as_float(bits.y);
      sum.z += __uint_as_float(bits.z);
      sum.w += __uint_as_float(bits.w);
    }
    const int quad = work.rank * share + i;
    const int lane = quad % 32, t = quad / 32 % C::kTokenBlocks;
    const int feature = quad / 32 / C::kTokenBlocks * 16 + lane / 4, m = t * 8 + lane % 4 * 2;
    store_pair<T>(p, columns[feature], m, sum.x, sum.y, finish);
    store_pair<T>(p, columns[feature + 8], m, sum.z, sum.w, finish);
  }
}

}  // namespace tvw::kernels::cuda::decode
