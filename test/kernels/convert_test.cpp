// Vectors at a time, every instruction set: the same bits as one at a time.
#include "kernels/cpu/convert.hpp"

#include <bit>
#include <limits>
#include <random>

#include "kernels/cpu/isa.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"
#include "tvw/core/dtype.hpp"

namespace tvw {
namespace {

/// Every pattern of upper bits, each with lower bits about the ties of rounding.
std::vector<float> all_kinds_of_floats() {
  std::vector<float> values;
  for (uint32_t upper = 0; upper < 0x10000; ++upper) {
    for (const uint32_t lower : {0x0000u, 0x0001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      values.push_back(std::bit_cast<float>(upper << 16 | lower));
    }
  }
  values.push_back(std::numeric_limits<float>::quiet_NaN());  // and a tail shorter than a vector
  return values;
}

TEST_CASE("bf16 conversions give the bits of the scalar ones", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const test::OwnKernelsUpTo limit(isa);
  CAPTURE(name(isa));
  const std::vector<float> values = all_kinds_of_floats();
  const auto count = std::ssize(values);
  std::vector<uint16_t> narrow(values.size());
  kernels::cpu::f32_to_bf16(values.data(), count, narrow.data());
  std::vector<float> wide(values.size());
  kernels::cpu::bf16_to_f32(narrow.data(), count, wide.data());
  int64_t wrong = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    wrong += narrow[i] != f32_to_bf16(values[i]) ? 1 : 0;
    wrong += std::bit_cast<uint32_t>(wide[i]) != static_cast<uint32_t>(narrow[i]) << 16 ? 1 : 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("rows are converted and interleaved where they are told to", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const int64_t count = GENERATE(1, 7, 16, 37);
  const test::OwnKernelsUpTo limit(isa);
  CAPTURE(name(isa), count);
  constexpr int64_t kStride = 40;
  constexpr size_t kRows = 4;
  std::vector<float> from(kRows * kStride);
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  std::vector<uint16_t> to(kRows * kStride, 0xABCD);
  // Rows in another order than they come in.
  uint16_t* const rows[kRows] = {&to[2 * kStride], &to[0], &to[3 * kStride], &to[kStride]};
  kernels::cpu::f32_rows_to_bf16(from.data(), kStride, count, rows);
  std::vector<uint32_t> pairs(2 * kStride, 0xABCDu);
  kernels::cpu::interleave_rows(to.data(), kStride, 2, count, pairs.data(), kStride);
  for (int64_t i = 0; i < kStride; ++i) {
    for (size_t row = 0; row < kRows; ++row) {
      const float value = from[row * kStride + static_cast<size_t>(i)];
      CHECK(rows[row][i] == (i < count ? f32_to_bf16(value) : 0xABCD));
    }
    for (size_t p = 0; p < 2; ++p) {
      const auto low = 2 * p * kStride + static_cast<size_t>(i);
      const uint32_t pair = to[low] | static_cast<uint32_t>(to[low + kStride]) << 16;
      CHECK(pairs[p * kStride + static_cast<size_t>(i)] == (i < count ? pair : 0xABCDu));
    }
  }
}

}  // namespace
}  // namespace tvw
