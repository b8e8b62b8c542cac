/// @file C^T = B^T A^T for few tokens (1 to 64): bound by how fast the weights stream in.
///
/// A CTA of 8 warps computes kFeatureBlocks x 16 features for all tokens; its warps share the rows
/// of their tile, and so do the CTAs of a cluster. Weights go from memory straight into registers
/// in fragment order, kInstructions x 16 bytes a lane at a time, the first of them before the
/// kernel waits for the one before it (programmatic dependent launch): they do not depend on it.
/// The gathered rows of the activations pass through shared memory. Partial sums meet in shared
/// memory, of the whole cluster (distributed shared memory): no atomics, so results are
/// reproducible.
#pragma once

#include <cooperative_groups.h>

#include <type_traits>
#include <vector>

#include "kernels/cuda/common/activate.cuh"
#include "kernels/cuda/common/mma.cuh"
#include "kernels/cuda/decode/decode_gemm.hpp"

namespace tvw::kernels::cuda::decode {

template <bool kSparse_, int kTokenBlocks_, int kFeatureBlocks_, int kInstructions_>
struct Tiling {
  static constexpr bool kSparse = kSparse_;
  static constexpr int kTokenBlocks = kTokenBlocks_;
  static constexpr int kFeatureBlocks = kFeatureBlocks_;
  static constexpr int kInstructions = kInstructions_;
  static constexpr int kWarps = 8;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kSlices = kWarps / kFeatureBlocks;  ///< of the rows, in a CTA
  static constexpr int kInstructionRows = kSparse ? 32 : 16;
  static constexpr int kChunkInstructions = kSlices * kInstructions;
  static constexpr int kChunkRows = kChunkInstructions * kInstructionRows;
  /// Gathered rows: [token block][row] of 16 bytes.
  static constexpr int kGatherBytes = kTokenBlocks * kChunkRows * 16;
  /// Partial sums: [warp][token block][4][lane].
  static constexpr int kSumBytes = kWarps * kTokenBlocks * 4 * 32 * 4;
  static constexpr int kIdsAt = kGatherBytes > kSumBytes ? kGatherBytes : kSumBytes;
  static constexpr int kColumnsAt = kIdsAt + kChunkRows * 4;
  static constexpr int kSharedBytes = kColumnsAt + kFeatureBlocks * 16 * 4;
  static constexpr int kCtasPerSm = 2;
  static_assert(kInstructions % 2 == 0, "metadata comes for two instructions");
};

template <class C>
struct Weights {
  uint4 values[C::kInstructions];
  uint32_t metadata[C::kInstructions / 2];
};

/// The place of this warp's work.
template <class C>
struct Work {
  int lane, warp, block, slice;
  int instructions;        ///< of the tile
  int64_t first_fragment;  ///< of this warp's block of 16 features
  const int32_t* rows;     ///< of the tile
  int block_of_grid;

  __device__ __forceinline__ Work(const Params& p, int cluster) {
    lane = threadIdx.x % 32;
    warp = threadIdx.x / 32;
    block = warp % C::kFeatureBlocks;
    slice = warp / C::kFeatureBlocks;
    block_of_grid = cluster * C::kFeatureBlocks + block;
    const int tile = cluster * C::kFeatureBlocks / p.blocks_per_tile;
    const int first = __ldg(p.first_instruction + tile);
    instructions = __ldg(p.first_instruction + tile + 1) - first;
    const int block_of_tile = block_of_grid - tile * p.blocks_per_tile;
    first_fragment = static_cast<int64_t>(first) * p.blocks_per_tile +
                     static_cast<int64_t>(block_of_tile) * instructions;
    rows = p.rows + static_cast<int64_t>(first) * C::kInstructionRows;
  }

  /// This warp's instructions of a chunk, as far as the tile has them; others are 0.
  __device__ __forceinline__ void load(const Params& p, int chunk, Weights<C>& w) const {
    const int begin = chunk * C::kChunkInstructions + slice * C::kInstructions;
    const auto* values = reinterpret_cast<const uint4*>(p.values) + first_fragment * 32 + lane;
#pragma unroll
    for (int i = 0; i < C::kInstructions; ++i) {
      w.values[i] = make_uint4(0, 0, 0, 0);
      if (begin + i < instructions)
        w.values[i] = __ldcs(values + static_cast<int64_t>(begin + i) * 32);
    }
    if constexpr (C::kSparse) {
      const uint32_t* metadata = p.metadata + first_fragment / 2 * 32 + lane;
#pragma unroll
      for (int i = 0; i < C::kInstructions / 2; ++i) {
        w.metadata[i] = 0x44444444u;  // places 0 and 1, which is valid
        if (begin + 2 * i < instructions) {
          w.metadata[i] = __ldcs(metadata + static_cast<int64_t>(begin / 2 + i) * 32);
        }
      }
    }
  }
};

/// Ids of a chunk's rows into shared memory; -1 past the tile's last.
template <class C>
__device__ __forceinline__ void load_ids(const Work<C>& work, int chunk, int* ids) {
  const int first = chunk * C::kChunkRows;
  const int count = work.instructions * C::kInstructionRows - first;
  for (int row = static_cast<int>(threadIdx.x); row < C::kChunkRows; row += C::kThreads) {
    ids[row] = row < count ? __ldg(work.rows + first + row) : -1;
  }
}

/// Eight tokens of row k from `token` on; those past M are 0.
__device__ __forceinline__ uint4 load_tokens(const Params& p, int k, int token) {
  if (k < 0 || token >= p.M) return make_uint4(0, 0, 0, 0);
  const uint16_t* x = p.x + k * p.x_row + token * p.x_token;
  if (p.pieces) return *reinterpret_cast<const uint4*>(x);
  if (p.M == 1) return make_uint4(*x, 0, 0, 0);
  uint32_t words[4] = {};
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    if (token + j < p.M) words[j / 2] |= static_cast<uint32_t>(x[j * p.x_token]) << (j % 2 * 16);
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

/// The rows that `ids` names into shared memory, many loads in flight.
template <class C>
__device__ __forceinline__ void gather(const Params& p, const int* ids, uint8_t* memory) {
  constexpr int kAll = C::kChunkRows * C::kTokenBlocks;
  constexpr int kMost = C::kInstructions > 8 ? 4 : 8;
  constexpr int kBatch = kAll / C::kThreads < kMost ? kAll / C::kThreads : kMost;
  static_assert(kAll % (kBatch * C::kThreads) == 0);
  for (int base = static_cast<int>(threadIdx.x); base < kAll; base += kBatch * C::kThreads) {
    uint4 pieces[kBatch];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const int id = base + i * C::kThreads;
      pieces[i] = load_tokens(p, ids[id / C::kTokenBlocks], id % C::kTokenBlocks * 8);
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const int id = base + i * C::kThreads;
      const int row = id / C::kTokenBlocks, block = id % C::kTokenBlocks;
      *reinterpret_cast<uint4*>(memory + (block * C::kChunkRows + row) * 16) = pieces[i];
    }
  }
}

template <class C, class T>
__device__ __forceinline__ void multiply(const Work<C>& work, const Weights<C>& w, uint32_t memory,
                                         float (&sums)[C::kTokenBlocks][4]) {
#pragma unroll
  for (int i = 0; i < C::kInstructions; i += 2) {
#pragma unroll
    for (int t = 0; t < C::kTokenBlocks; ++t) {
      const uint32_t row =
          t * C::kChunkRows + (work.slice * C::kInstructions + i) * C::kInstructionRows + work.lane;
      uint32_t b[4];
      load_transposed(b, memory + row * 16);
      if constexpr (C::kSparse) {
        mma_sparse<T, 0>(sums[t], w.values[i], b, w.metadata[i / 2]);
        load_transposed(b, memory + (row + 32) * 16);
        mma_sparse<T, 1>(sums[t], w.values[i + 1], b, w.metadata[i / 2]);
      } else {
        mma_dense<T>(sums[t], w.values[i], b[0], b[1]);
        mma_dense<T>(sums[t], w.values[i + 1], b[2], b[3]);
      }
    }
  }
}

template <class T>
__device__ __forceinline__ uint16_t to_bits(float value) {
  if constexpr (std::is_same_v<T, __half>) {
    return __half_as_ushort(__float2half(value));
  } else {
    return __bfloat16_as_ushort(__float2bfloat16(value));
  }
}

/// Adds up the partial sums of the cluster's warps and stores this CTA's share of the outputs.
template <class C, class T>
__device__ __forceinline__ void finish(const Params& p, const int* columns, int rank,
                                       float* memory) {
  constexpr int kOutputs = C::kFeatureBlocks * 16 * C::kTokenBlocks * 8;
  const int share = (kOutputs + p.splits - 1) / p.splits;
  const int end = min(kOutputs, (rank + 1) * share);
  for (int id = rank * share + static_cast<int>(threadIdx.x); id < end; id += C::kThreads) {
    const int m = id % (C::kTokenBlocks * 8), f = id / (C::kTokenBlocks * 8);
    const int block = f / 16, row = f % 16, token_block = m / 8, token = m % 8;
    const int reg = row / 8 * 2 + token % 2, lane = row % 8 * 4 + token / 2;
    float sum = 0.0f;
    for (int other = 0; other < p.splits; ++other) {
      const float* partial = memory;
#if __CUDA_ARCH__ >= 900
      if (p.splits > 1) {
        partial = cooperative_groups::this_cluster().map_shared_rank(memory,
                                                                     static_cast<unsigned>(other));
      }
#endif
#pragma unroll
      for (int s = 0; s < C::kSlices; ++s) {
        const int warp = s * C::kFeatureBlocks + block;
        sum += partial[((warp * C::kTokenBlocks + token_block) * 4 + reg) * 32 + lane];
      }
    }
    const int n = columns[f];
    if (n < 0 || m >= p.M) continue;
    if (p.bias != nullptr) sum += __ldg(p.bias + n);
    p.y[n * p.y_row + m * p.y_token] = to_bits<T>(activate(sum, p.activation));
  }
}

template <class C, class T>
__global__ void __launch_bounds__(C::kThreads, C::kCtasPerSm) decode_gemm(const Params p) {
  extern __shared__ __align__(128) uint8_t memory[];
  int* ids = reinterpret_cast<int*>(memory + C::kIdsAt);
  int* columns = reinterpret_cast<int*>(memory + C::kColumnsAt);
  const int cluster = static_cast<int>(blockIdx.x) / p.splits;
  const int rank = static_cast<int>(blockIdx.x) % p.splits;
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  const Work<C> work(p, cluster);
  const int chunks = (work.instructions + C::kChunkInstructions - 1) / C::kChunkInstructions;
  Weights<C> weights;
  work.load(p, rank, weights);
  load_ids(work, rank, ids);
  for (int f = static_cast<int>(threadIdx.x); f < C::kFeatureBlocks * 16; f += C::kThreads) {
    columns[f] = __ldg(p.columns + static_cast<int64_t>(cluster) * C::kFeatureBlocks * 16 + f);
  }
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");  // all above are nobody's results
#endif
  float sums[C::kTokenBlocks][4] = {};
  const auto shared = static_cast<uint32_t>(__cvta_generic_to_shared(memory));
  for (int chunk = rank; chunk < chunks; chunk += p.splits) {
    __syncthreads();
    gather<C>(p, ids, memory);
    __syncthreads();
    const bool more = chunk + p.splits < chunks;
    if (more) load_ids(work, chunk + p.splits, ids);
    multiply<C, T>(work, weights, shared, sums);
    if (more) work.load(p, chunk + p.splits, weights);
  }
  __syncthreads();
  auto* partial = reinterpret_cast<float*>(memory);
#pragma unroll
  for (int t = 0; t < C::kTokenBlocks; ++t) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      partial[((work.warp * C::kTokenBlocks + t) * 4 + i) * 32 + work.lane] = sums[t][i];
    }
  }
  __syncthreads();
#if __CUDA_ARCH__ >= 900
  if (p.splits > 1) cooperative_groups::this_cluster().sync();
#endif
  finish<C, T>(p, columns, rank, partial);
#if __CUDA_ARCH__ >= 900
  if (p.splits > 1) cooperative_groups::this_cluster().sync();  // others may still read this CTA's
#endif
}

template <class C, class T>
Variant describe(std::string_view name, DType dtype) {
  return {name,
          C::kSparse,
          dtype,
          C::kTokenBlocks,
          C::kFeatureBlocks,
          C::kInstructions,
          C::kThreads,
          C::kSharedBytes,
          reinterpret_cast<const void*>(&decode_gemm<C, T>)};
}

/// Named tokens x features of a CTA, u instructions in flight.
template <bool kSparse, class T>
std::vector<Variant> all_variants(DType dtype) {
  return {
      describe<Tiling<kSparse, 1, 1, 8>, T>("8x16 u8", dtype),
      describe<Tiling<kSparse, 1, 1, 16>, T>("8x16 u16", dtype),
      describe<Tiling<kSparse, 1, 2, 8>, T>("8x32 u8", dtype),
      describe<Tiling<kSparse, 1, 2, 16>, T>("8x32 u16", dtype),
      describe<Tiling<kSparse, 1, 4, 16>, T>("8x64 u16", dtype),
      describe<Tiling<kSparse, 2, 1, 8>, T>("16x16 u8", dtype),
      describe<Tiling<kSparse, 2, 2, 8>, T>("16x32 u8", dtype),
      describe<Tiling<kSparse, 2, 2, 16>, T>("16x32 u16", dtype),
      describe<Tiling<kSparse, 2, 4, 8>, T>("16x64 u8", dtype),
      describe<Tiling<kSparse, 4, 2, 4>, T>("32x32 u4", dtype),
      describe<Tiling<kSparse, 4, 4, 8>, T>("32x64 u8", dtype),
      describe<Tiling<kSparse, 4, 4, 16>, T>("32x64 u16", dtype),
      describe<Tiling<kSparse, 8, 2, 2>, T>("64x32 u2", dtype),
      describe<Tiling<kSparse, 8, 4, 4>, T>("64x64 u4", dtype),
      describe<Tiling<kSparse, 8, 8, 8>, T>("64x128 u8", dtype),
      describe<Tiling<kSparse, 8, 8, 16>, T>("64x128 u16", dtype),
  };
}

}  // namespace tvw::kernels::cuda::decode
