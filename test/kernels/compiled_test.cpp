// Code made for weights against the kernels that read where each product's row is.
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>

#include "kernels/cpu/code_memory.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

using namespace kernels::cpu;
using Columns = std::vector<std::vector<ColumnEntry>>;

constexpr int64_t kTokens = 48;

/// Columns without entries, with all rows, and with every number between.
Columns random_columns(int64_t K, int64_t N) {
  std::mt19937 random(9);
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  Columns columns(static_cast<size_t>(N));
  for (int64_t n = 0; n < N; ++n) {
    std::bernoulli_distribution kept(N > 1 ? static_cast<double>(n) / static_cast<double>(N - 1)
                                           : 0.5);
    for (int64_t k = 0; k < K; ++k) {
      if (kept(random)) {
        columns[static_cast<size_t>(n)].push_back({value(random), static_cast<int32_t>(k)});
      }
    }
  }
  return columns;
}

/// [N][kTokens]; sums start from their column's number, by `start` or by what they are.
std::vector<float> products_of(const PanelTiles& tiles, int64_t N, const std::vector<float>& panel,
                               bool by_start) {
  std::vector<float> results(static_cast<size_t>(N * kTokens), std::nanf(""));
  std::vector<float> unused(static_cast<size_t>(kTokens));
  int64_t seen = 0;
  for (int64_t t = 0; t < tiles.count(); ++t) {
    std::vector<float*> sums;
    std::vector<float> start;
    for (const int32_t n : tiles.columns(t)) {
      float* const sum = results.data() + n * kTokens;
      if (!by_start) std::fill_n(sum, kTokens, static_cast<float>(n));
      sums.push_back(sum);
      start.push_back(static_cast<float>(n));
      ++seen;
    }
    while (sums.size() % kGroupColumns != 0) {
      sums.push_back(unused.data());
      start.push_back(0.0f);
    }
    tiles.multiply(t, {panel.data(), kTokens, kTokens, sums.data(),
                       by_start ? start.data() : nullptr, nullptr});
  }
  CHECK(seen == N);
  return results;
}

TEST_CASE("code made for weights computes what the other kernels do", "[kernels]") {
  if (!compiles_tiles()) return;  // no AVX-512, or a system that forbids it
  const auto [K, N] = GENERATE(table<int64_t, int64_t>(
      {{1, 1}, {4, 27}, {5, 28}, {81, 29}, {300, 61}, {1100, 57}}));  // 1,100: more than 256
                                                                      // weights
  const bool by_start = GENERATE(true, false);
  CAPTURE(K, N, by_start);
  const std::vector<float> panel =  // [K][kTokens]
      test::random_dense(K, kTokens, DType::kF32, 7).values.to_f32();
  const Columns columns = random_columns(K, N);
  const auto compiled =
      make_compiled_tiles(make_panel_weights(K, N, columns, kCompiledColumns), kTokens);
  const auto read = make_f32_tiles(make_panel_weights(K, N, columns));
  const std::vector<float> got = products_of(*compiled, N, panel, by_start);
  const std::vector<float> want = products_of(*read, N, panel, by_start);
  CHECK(compiled->products() == read->products());
  const float tolerance = 4.0f * std::numeric_limits<float>::epsilon() * static_cast<float>(K + N);
  int64_t wrong = 0;
  for (size_t i = 0; i < got.size(); ++i) wrong += std::abs(got[i] - want[i]) <= tolerance ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("code is made only for AVX-512", "[kernels]") {
  for (const kernels::CpuIsa isa : kernels::cpu_isas()) {
    const test::OwnKernelsUpTo limit(isa);
    CAPTURE(name(isa));
    if (isa < kernels::CpuIsa::kAvx512) CHECK_FALSE(compiles_tiles());
  }
}

#if defined(__x86_64__)
TEST_CASE("memory for code can be called once it is executable", "[kernels]") {
  if (!may_make_code()) return;
  const size_t bytes = GENERATE(size_t{6}, size_t{5} << 20);  // small pages, and huge ones
  CodeMemory memory(bytes);
  REQUIRE(memory.size() == bytes);
  const uint8_t code[] = {0xB8, 0x2A, 0x00, 0x00, 0x00, 0xC3};  // mov eax, 42; ret
  std::memcpy(memory.data() + bytes - sizeof code, code, sizeof code);
  memory.make_executable();
  const auto function =
      reinterpret_cast<int (*)()>(reinterpret_cast<uintptr_t>(memory.data() + bytes - sizeof code));
  CHECK(function() == 42);
}
#endif

TEST_CASE("more code than there is memory is an error", "[kernels]") {
  CHECK_THROWS_AS(CodeMemory(std::numeric_limits<size_t>::max() / 2), Error);
}

}  // namespace
}  // namespace tvw
