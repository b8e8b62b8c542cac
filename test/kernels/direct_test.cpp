// The direct plan beyond what executors take it for: every instruction set, one tile and many, more
// threads than tokens.
#include <algorithm>
#include <numeric>
#include <random>
#include <variant>
#include <vector>

#include "kernels/cpu/column_order.hpp"
#include "kernels/cpu/direct_plan.hpp"
#include "kernels/cpu/host_memory.hpp"
#include "support/all_positions.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/reference.hpp"

namespace tvw {
namespace {

using kernels::Activation;
using kernels::cpu::ColumnOrder;

/// Numbers 0 to count - 1, those of each tile of 24 ascending.
std::vector<int32_t> places_of_tiles(size_t count) {
  std::vector<int32_t> columns(count);
  std::iota(columns.begin(), columns.end(), 0);
  std::ranges::shuffle(columns, std::mt19937(1));
  std::vector<int32_t> places(count);
  for (size_t begin = 0; begin < count; begin += 24) {
    const size_t end = std::min(count, begin + 24);
    std::sort(columns.begin() + static_cast<std::ptrdiff_t>(begin),
              columns.begin() + static_cast<std::ptrdiff_t>(end));
    for (size_t i = begin; i < end; ++i) {
      places[static_cast<size_t>(columns[i])] = static_cast<int32_t>(i);
    }
  }
  return places;
}

TEST_CASE("results of tiles are put in the order of columns", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const size_t count = GENERATE(1, 15, 16, 40, 100);
  const int64_t tokens = GENERATE(1, 5, 6, 13);
  const bool scattered = GENERATE(false, true);
  const test::OwnKernelsUpTo limit(isa);
  CAPTURE(name(isa), count, tokens, scattered);
  std::vector<int32_t> places = places_of_tiles(count);
  if (scattered) std::ranges::shuffle(places, std::mt19937(2));
  const auto results_ld = static_cast<int64_t>((count + 15) / 16 * 16);
  const auto to_ld = static_cast<int64_t>(count) + 3;
  kernels::cpu::HostFloats results(static_cast<size_t>(tokens * results_ld));
  std::iota(results.begin(), results.end(), 0.5f);
  std::vector<float> plus(count);
  std::iota(plus.begin(), plus.end(), 1000.0f);
  constexpr float kUntouched = -1.0f;
  std::vector<float> to(static_cast<size_t>(tokens * to_ld), kUntouched), want = to;
  for (int64_t t = 0; t < tokens; ++t) {
    for (size_t n = 0; n < count; ++n) {
      want[static_cast<size_t>(t * to_ld) + n] =
          results[static_cast<size_t>(t * results_ld + places[n])] + plus[n];
    }
  }
  const ColumnOrder order(places);
  order.place({results.data(), results_ld, to.data(), to_ld, tokens}, plus.data());
  CHECK(to == want);
  CHECK(order.is_identity() == std::ranges::is_sorted(places));
}

/// All columns and some rows in one tile, in no order: results are made in C.
Selection one_tile(int64_t K, int64_t N) {
  Tile tile;
  tile.kept_n.resize(static_cast<size_t>(N));
  std::iota(tile.kept_n.begin(), tile.kept_n.end(), 0);
  std::ranges::shuffle(tile.kept_n, std::mt19937(3));
  tile.kept_k.resize(static_cast<size_t>(K));
  std::iota(tile.kept_k.begin(), tile.kept_k.end(), 0);
  std::ranges::shuffle(tile.kept_k, std::mt19937(4));
  tile.kept_k.resize(static_cast<size_t>((K + 1) / 2));
  Mask mask(K, N, false);
  for (const int32_t k : tile.kept_k) {
    for (int64_t n = 0; n < N; ++n) mask.keep(k, n);
  }
  return {std::move(mask), TileLayout{N, {tile}}};
}

struct Case {
  int64_t M, K, N, G;
  Activation activation;
  bool bias, add_to_c;
  DType dtype;
};

TEST_CASE("the direct plan matches the f64 reference", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const int threads = GENERATE(1, 7);  // of 7 each has tiles, not tokens, of its own
  const test::OwnKernelsUpTo limit(isa);
  const int before = thread_count();
  set_thread_count(threads);
  const Case cases[] = {{1, 5, 3, 3, Activation::kNone, false, false, DType::kF32},
                        {40, 33, 48, 48, Activation::kRelu, true, false, DType::kF32},
                        {40, 33, 48, 48, Activation::kGeluErf, true, true, DType::kF32},
                        {47, 300, 90, 24, Activation::kNone, true, false, DType::kF32},
                        {131, 300, 90, 24, Activation::kGeluTanh, true, true, DType::kF32},
                        {100, 70, 130, 70, Activation::kNone, false, true, DType::kF32},
                        {100, 70, 130, 70, Activation::kRelu, true, true, DType::kBF16},
                        {200, 300, 64, 64, Activation::kNone, true, false, DType::kBF16}};
  for (const Case& c : cases) {
    for (const double density : {0.0, 0.5, 1.0}) {
      CAPTURE(name(isa), threads, c.M, c.K, c.N, c.G, c.bias, c.add_to_c, name(c.dtype), density);
      const PatternSpec spec = parse_pattern("tw:g=" + std::to_string(c.G));
      const Selection selection = density == 1.0 && c.N == c.G
                                      ? one_tile(c.K, c.N)
                                      : test::random_selection(c.K, c.N, spec, density, 3, false);
      const pack::PackedWeights weights =
          pack::pack(test::random_dense(c.K, c.N, c.dtype, 1), selection, spec);
      const auto random = [&](int64_t count, uint32_t seed) {
        return test::random_dense(1, count, c.dtype, seed).values;
      };
      const std::vector<float> bias = random(c.N, 4).to_f32();
      const TypedBuffer A = random(c.M * c.K, 5), former = random(c.M * c.N, 6);
      kernels::Problem problem;
      problem.M = c.M;
      problem.dtype = c.dtype;
      problem.weights = &weights;
      problem.epilogue = {c.bias ? std::span<const float>(bias) : std::span<const float>(),
                          c.activation, c.add_to_c};
      const auto plan = kernels::cpu::make_direct_plan(
          problem, kernels::cpu::make_dense_tiles(std::get<pack::TwMatrix>(weights)), "tw");
      TypedBuffer C;
      for (int i = 0; i < 2; ++i) {  // a plan can be run again
        C = former;
        plan->run(A.bytes().data(), C.bytes().data());
      }
      const auto positions = test::all_positions(c.M, c.N);
      CHECK(kernels::compare_with_reference(problem, A.to_f32(), C.to_f32(), positions,
                                            former.to_f32())
                .ok);
    }
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace tvw
