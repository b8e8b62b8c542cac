/// @file Adding up the partial sums of a cluster's CTAs, and storing the results.
#pragma once

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/ptx.cuh"
#include "kernels/cuda/decode/decode_gemm.hpp"
#include "kernels/cuda/decode/tiling.cuh"

namespace tvw::kernels::cuda::decode {

/// What a CTA of a cluster adds up and stores: some quads of the outputs, the last CTAs fewer.
template <class C>
struct OutputShare {
  int splits;
  int most;   ///< quads of any CTA
  int first;  ///< quad of this one
  int count;

  __device__ __forceinline__ OutputShare(int rank, int splits_)
      : splits(splits_),
        most((C::kQuads + splits - 1) / splits),
        first(min(rank * most, C::kQuads)),
        count(min(most, C::kQuads - first)) {}
  /// Quads that are sent to this CTA.
  [[nodiscard]] __device__ __forceinline__ int parts() const { return count * splits * C::kSlices; }
};

/// Where the partial sums of a CTA go: to the CTAs of the cluster that add them up.
template <class C>
struct Shares {
  const Params& p;
  const Ring<C>& ring;
  int rank, slice;

  __device__ __forceinline__ Shares(const Params& params, const Ring<C>& ring_, const Work<C>& work,
                                    int slice_)
      : p(params), ring(ring_), rank(work.rank), slice(slice_) {}

  /// Sends the sums of kBlocks blocks of 16 features first, first + stride, ...: `quad(b, t)` of a
  /// block and 8 tokens, as mma and wgmma leave them in this lane. Then waits for those that this
  /// CTA adds up. REQUIRES: all CTAs are ready to receive.
  template <int kBlocks, class Quad>
  __device__ __forceinline__ void send(int first, int stride, Quad quad_of) const {
    const int lane = static_cast<int>(threadIdx.x % 32);
    const int share = OutputShare<C>(rank, p.splits).most;
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int t = 0; t < C::kTokenBlocks; ++t) {
        const int quad = ((first + b * stride) * C::kTokenBlocks + t) * 32 + lane;
        const uint32_t place =
            ring.base + C::kReceiveAt + ((rank * C::kSlices + slice) * share + quad % share) * 16;
        if (p.splits == 1) {
          store_shared(place, quad_of(b, t));
        } else {
          const int owner = quad / share;
          store_remote_128(remote_address(place, owner), quad_of(b, t),
                           remote_address(ring.received(), owner));
        }
      }
    }
    if (p.splits == 1) {
      named_barrier_sync(1, 32 * C::kConsumerWarps);
    } else {
      barrier_wait(ring.received(), 0);
    }
  }
};

template <class T, class Finish>
__device__ __forceinline__ void store_pair(const Params& p, int n, int m, float first, float second,
                                           Finish finish) {
  if (n < 0 || m >= p.M) return;
  const float bias = p.bias != nullptr ? __ldg(p.bias + n) : 0.0f;
  const uint32_t bits = finish.template pair<T>(first, second, bias);
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
  const OutputShare<C> share(work.rank, p.splits);
  for (int i = thread; i < share.count; i += 32 * C::kConsumerWarps) {
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    for (int part = 0; part < p.splits * C::kSlices; ++part) {
      const uint4 bits = load_shared_128(ring.base + C::kReceiveAt + (part * share.most + i) * 16);
      sum.x += __uint_as_float(bits.x);
      sum.y += __uint_as_float(bits.y);
      sum.z += __uint_as_float(bits.z);
      sum.w += __uint_as_float(bits.w);
    }
    const int quad = share.first + i;
    const int lane = quad % 32, t = quad / 32 % C::kTokenBlocks;
    const int feature = quad / 32 / C::kTokenBlocks * 16 + lane / 4, m = t * 8 + lane % 4 * 2;
    store_pair<T>(p, columns[feature], m, sum.x, sum.y, finish);
    store_pair<T>(p, columns[feature + 8], m, sum.z, sum.w, finish);
  }
}

}  // namespace tvw::kernels::cuda::decode
