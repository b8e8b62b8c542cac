#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/device_kernels.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int kTile = 64;  // of elements, in both directions

__global__ void __launch_bounds__(256)
    transpose(const uint16_t* from, int64_t from_ld, uint16_t* to, int64_t to_ld, int64_t rows,
              int64_t cols) {
  __shared__ uint16_t tile[kTile][kTile + 2];
  const int64_t row_tiles = (to_ld + kTile - 1) / kTile;
  const int64_t row0 = blockIdx.x % row_tiles * kTile;
  const int64_t col0 = blockIdx.x / row_tiles * kTile;
  const int x = threadIdx.x % kTile, y = threadIdx.x / kTile;
  for (int i = y; i < kTile; i += 256 / kTile) {
    const int64_t r = row0 + i, c = col0 + x;
    tile[i][x] = r < rows && c < cols ? from[r * from_ld + c] : uint16_t{0};
  }
  __syncthreads();
  for (int i = y; i < kTile; i += 256 / kTile) {
    const int64_t c = col0 + i, r = row0 + x;
    if (c < cols && r < to_ld) to[c * to_ld + r] = tile[x][i];
  }
}

__global__ void __launch_bounds__(256)
    repitch(const uint16_t* from, int64_t from_ld, uint16_t* to, int64_t to_ld, int64_t rows) {
  const int64_t row = blockIdx.x;
  for (int64_t c = threadIdx.x; c < to_ld; c += blockDim.x) {
    to[row * to_ld + c] = c < from_ld ? from[row * from_ld + c] : uint16_t{0};
  }
}

__device__ __forceinline__ uint64_t mix(uint64_t x) {
  x ^= x >> 33;
  x *= 0xFF51AFD7ED558CCDull;
  x ^= x >> 33;
  x *= 0xC4CEB9FE1A85EC53ull;
  return x ^ x >> 33;
}

__global__ void fill(uint16_t* to, int64_t count, bool bf16, uint64_t seed) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    const uint64_t bits = mix(seed * 0x9E3779B97F4A7C15ull + static_cast<uint64_t>(i));
    float sum = -2.0f;  // of four uniforms: close to normal with variance 1/3
    for (int part = 0; part < 4; ++part) {
      sum += static_cast<float>(bits >> (16 * part) & 0xFFFF) * (1.0f / 65536.0f);
    }
    const float value = sum * 1.7320508f;
    to[i] = bf16 ? __bfloat16_as_ushort(__float2bfloat16(value))
                 : __half_as_ushort(__float2half(value));
  }
}

__global__ void read(const uint4* from, int64_t count, uint32_t* sink) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  uint32_t sum = 0;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    const uint4 v = from[i];
    sum += v.x ^ v.y ^ v.z ^ v.w;
  }
  if (sum == 0x12345678u) *sink = sum;  // keeps the loads
}

__global__ void wait(int64_t nanoseconds) {
  int64_t start, now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
  do {
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  } while (now - start < nanoseconds);
}

unsigned blocks_for(int64_t count, int64_t each) {
  return static_cast<unsigned>((count + each - 1) / each);
}

}  // namespace

void launch_transpose(const uint16_t* from, int64_t from_ld, uint16_t* to, int64_t to_ld,
                      int64_t rows, int64_t cols) {
  // One dimension: of the others a grid has no more than 65,535, which cols may pass.
  const unsigned tiles = blocks_for(to_ld, kTile) * blocks_for(cols, kTile);
  transpose<<<tiles, 256>>>(from, from_ld, to, to_ld, rows, cols);
  check_launch("transpose");
}

void launch_repitch(const uint16_t* from, int64_t from_ld, uint16_t* to, int64_t to_ld,
                    int64_t rows) {
  repitch<<<static_cast<unsigned>(rows), 256>>>(from, from_ld, to, to_ld, rows);
  check_launch("repitch");
}

void launch_fill(uint16_t* to, int64_t count, bool bf16, uint64_t seed) {
  fill<<<1024, 256>>>(to, count, bf16, seed);
  check_launch("fill");
}

void launch_read(const uint8_t* from, int64_t bytes, uint32_t* sink) {
  read<<<1024, 256>>>(reinterpret_cast<const uint4*>(from), bytes / 16, sink);
  check_launch("read");
}

void launch_wait(double microseconds) {
  wait<<<1, 1>>>(static_cast<int64_t>(microseconds * 1e3));
  check_launch("wait");
}

}  // namespace tvw::kernels::cuda
