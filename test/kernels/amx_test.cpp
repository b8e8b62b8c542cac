// All that AMX is given, and what becomes of its results, on any machine with AVX512_BF16 (panels)
// or AVX-512 (few tokens). On one with AMX the conformance test runs the real registers.
#include "kernels/cpu/amx_rows.hpp"
//
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cpu/amx_tiles.hpp"
#include "kernels/cpu/panel_plan.hpp"
#include "kernels/cpu/row_plan.hpp"
#include "support/all_positions.hpp"
#include "support/catch.hpp"
#include "support/emulated_amx.hpp"
#include "support/random_weights.hpp"
#include "tvw/kernels/cpu_isa.hpp"
#include "tvw/kernels/reference.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw {
namespace {

using namespace kernels::cpu;
using kernels::kAmxPairs;
using kernels::kAmxRegisterWords;
using kernels::Layout;
using test::EmulatedAmx;

bool can_gather() { return kernels::cpu_isa() >= kernels::CpuIsa::kAvx512Bf16; }

AmxWeights amx_weights(const pack::PackedWeights& weights, int64_t N, int64_t width) {
  if (const auto* tw = std::get_if<pack::TwMatrix>(&weights)) {
    return make_amx_weights(N, width, make_dense_tiles(*tw));
  }
  return make_amx_weights(N, width, make_quad_tiles(std::get<pack::TvwMatrix>(weights)));
}

struct Setup {
  int64_t M = 0, K = 0, N = 0;
  const char* pattern = nullptr;
  double density = 0.0;
  DType dtype = DType::kF32;
  Layout layout = Layout::kTokenMajor;
};

/// Runs every plan of make_plans(problem) on random weights and activations, in bf16 or f32, with
/// an epilogue or without.
template <class MakePlans>
void check_plans(const Setup& setup, const MakePlans& make_plans) {
  const auto [M, K, N, pattern, density, dtype, layout] = setup;
  CAPTURE(M, K, N, pattern, density, name(layout));
  const auto values = [type = dtype](int64_t count, uint32_t seed) {
    return test::random_dense(1, count, type, seed).values.to_f32();
  };
  const PatternSpec spec = parse_pattern(pattern);
  const pack::PackedWeights weights =
      pack::pack(test::random_dense(K, N, dtype, 1),
                 test::random_selection(K, N, spec, density, 2, true), spec);
  const std::vector<float> bias = values(N, 3);
  kernels::Problem problem;
  problem.M = M;
  problem.dtype = dtype;
  problem.layout = layout;
  problem.weights = &weights;
  problem.epilogue.add_to_c = M % 2 == 0;
  if (M % 3 != 0) problem.epilogue.bias = bias;
  if (N == 57) problem.epilogue.activation = kernels::Activation::kRelu;
  const auto A = TypedBuffer::from_f32(dtype, values(M * K, 4));
  // What is not added to must not be read: it is NaN.
  const auto former = TypedBuffer::from_f32(
      dtype, problem.epilogue.add_to_c
                 ? values(M * N, 5)
                 : std::vector<float>(static_cast<size_t>(M * N), std::nanf("")));
  const auto positions = test::all_positions(M, N);
  for (const auto& plan : make_plans(problem)) {
    TypedBuffer C = former;
    plan->run(A.bytes().data(), C.bytes().data());
    const auto report = kernels::compare_with_reference(problem, A.to_f32(), C.to_f32(), positions,
                                                        former.to_f32());
    CHECK(report.ok);
    CHECK(report.max_rel_error <= kernels::tolerance(K, dtype));
    CHECK_FALSE(EmulatedAmx::state().configured);
  }
}

using Plans = std::vector<std::unique_ptr<kernels::Plan>>;

TEST_CASE("panels by emulated registers match the f64 reference", "[kernels]") {
  if (!can_gather()) return not_run();
  // Fewer columns, pairs and tokens than a register has, whole ones, and tails; K odd and even;
  // more than one chunk of steps.
  const auto [M, K, N] = GENERATE(table<int64_t, int64_t, int64_t>(
      {{1, 1, 1}, {16, 64, 32}, {33, 131, 70}, {70, 640, 100}, {161, 300, 57}}));
  const char* pattern = GENERATE("tw:g=24", "tw:g=64", "tvw:g=40");
  const double density = GENERATE(0.0, 0.6);
  const Layout layout = GENERATE(Layout::kTokenMajor, Layout::kFeatureMajor);
  check_plans(
      {M, K, N, pattern, density, DType::kBF16, layout}, [](const kernels::Problem& problem) {
        const GemmShape shape = problem.shape();
        Plans plans;
        for (const PanelSplit& way : ways_for_amx(shape.M, shape.K, 2)) {
          plans.push_back(make_panel_plan(
              problem, way,
              std::make_unique<AmxTiles<EmulatedAmx>>(amx_weights(*problem.weights, shape.N, 50)),
              "any"));
        }
        return plans;
      });
}

#if defined(__x86_64__)
bool can_split() { return kernels::cpu_isa() >= kernels::CpuIsa::kAvx512; }

std::vector<QuadTile> quad_tiles(const pack::PackedWeights& weights) {
  if (const auto* tvw = std::get_if<pack::TvwMatrix>(&weights)) return make_quad_tiles(*tvw);
  return make_quad_tiles(std::get<pack::NmMatrix>(weights), 96);
}

TEST_CASE("few tokens by emulated registers match the f64 reference in f32", "[kernels]") {
  if (!can_split()) return not_run();
  // Less than a step, whole steps and more; groups of 4, 2 and 1 units; blocks of tokens and a
  // part.
  const auto [M, K, N] = GENERATE(table<int64_t, int64_t, int64_t>(
      {{1, 1, 1}, {9, 70, 40}, {16, 256, 64}, {17, 333, 130}, {40, 640, 200}}));
  const char* pattern = GENERATE("tvw:g=24", "tvw:g=64", "tvw:g=128", "2:4");
  const double density = GENERATE(0.0, 0.6);
  const Layout layout = GENERATE(Layout::kTokenMajor, Layout::kFeatureMajor);
  check_plans(
      {M, K, N, pattern, density, DType::kF32, layout}, [](const kernels::Problem& problem) {
        auto weights = make_amx_row_weights(problem.shape().N, quad_tiles(*problem.weights));
        Plans plans;
        plans.push_back(make_row_plan(
            problem, std::make_unique<AmxRowTiles<EmulatedAmx>>(std::move(weights)), "any"));
        return plans;
      });
}

TVW_AVX512 void split_to_memory(const float* values, uint32_t (&to)[kBf16Parts][16]) {
  const Bf16Parts parts = split_bf16(values);
  for (int i = 0; i < kBf16Parts; ++i) _mm512_storeu_si512(to[i], parts.of[i]);
}

TEST_CASE("three bf16 are a f32, exactly", "[kernels]") {
  if (!can_split()) return not_run();
  alignas(64) float values[16] = {0.0f,   -0.0f,  1.0f,    -1.0f / 3.0f, 3.4e38f,
                                  1e-30f, 1e-38f, -1e-44f, 16777215.0f,  0x1.fffffep0f};
  std::ranges::copy(test::random_dense(1, 6, DType::kF32, 7).values.to_f32(), values + 10);
  uint32_t parts[kBf16Parts][16];
  split_to_memory(values, parts);
  for (size_t i = 0; i < 16; ++i) {
    CAPTURE(i, values[i]);
    double sum = 0.0;
    for (const auto& part : parts) sum += std::bit_cast<float>(part[i] & 0xFFFF0000u);
    const double lost = std::abs(values[i]) < 0x1p-110f ? 0x1p-133 : 0.0;
    CHECK(std::abs(sum - values[i]) <= lost);
  }
}

TVW_AVX512 void pairs_to_memory(const uint32_t* first, const uint32_t* second, uint32_t* to) {
  _mm512_storeu_si512(to, bf16_pairs(_mm512_loadu_si512(first), _mm512_loadu_si512(second)));
}

TEST_CASE("pairs have nothing of what lies below a part", "[kernels]") {
  if (!can_split()) return not_run();
  uint32_t first[16], second[16], pairs[16];
  for (uint32_t i = 0; i < 16; ++i) {
    first[i] = 0x89AB4567u + i * 0x01010101u;
    second[i] = 0x4321FEDCu - i * 0x01010101u;
  }
  pairs_to_memory(first, second, pairs);
  for (size_t i = 0; i < 16; ++i) {
    CHECK((pairs[i] & 0xFFFFu) == first[i] >> 16);
    CHECK(pairs[i] >> 16 == second[i] >> 16);
  }
}

TEST_CASE("a step has a column's kept weights by ascending rows, and which those are",
          "[kernels]") {
  QuadTile quad;
  quad.slots = 2;
  quad.rows = {5, 8, 3, 1, 7, -1, -1, -1};
  quad.columns = {2, 0};
  // Column 2: rows 3 and 8, in descending order; then one weight, twice for the same row. Column 0:
  // rows 5 and 1; then slots that are not used.
  quad.weights = {1.0f, 3.0f, 2.0f, 4.0f, 5.0f, 0.0f, 0.0f, 0.0f};
  quad.places = {2, 0, 1, 3, 0, 0, 0, 0};
  const AmxRowWeights weights = make_amx_row_weights(3, {quad});
  REQUIRE(weights.tiles.size() == 2);
  const RowTile& tile = weights.tiles[0];
  CHECK(tile.steps == 1);
  CHECK(std::vector(tile.rows.begin(), tile.rows.begin() + 9) ==
        std::vector<int32_t>{5, 8, 3, 1, 7, -1, -1, -1, -1});
  const auto word = [&](size_t lane) { return std::bit_cast<uint32_t>(weights.data[lane]); };
  CHECK(kPlacePairs[word(0) & 7] == std::array<uint8_t, 2>{1, 2});
  CHECK(kPlacePairs[word(1) & 7] == std::array<uint8_t, 2>{0, 3});
  CHECK(kPlacePairs[word(0) >> 4 & 7] == std::array<uint8_t, 2>{0, 1});
  // The place of a quad is odd or even, whether it has weights or not.
  CHECK((word(0) & 0x88888888u) == kAmxOddQuads);
  const auto weight = [&](size_t column, size_t slot, size_t q) {
    return weights.data[(1 + column) * 16 + q * 2 + slot];
  };
  CHECK(weight(0, 0, 0) == 2.0f);
  CHECK(weight(0, 1, 0) == 1.0f);
  CHECK(weight(1, 0, 0) == 3.0f);
  CHECK(weight(1, 1, 0) == 4.0f);
  CHECK(weight(0, 0, 1) == 5.0f);
  CHECK(weight(0, 1, 1) == 0.0f);
  CHECK(weights.tiles[1].columns == std::vector<int32_t>{1});
  CHECK(weights.tiles[1].steps == 0);
}
#endif

TEST_CASE("registers hold weights by columns, and zeros beyond them", "[kernels]") {
  const DenseTile tile{{4, 9, 6}, {2, 0}, {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}};
  const AmxWeights weights = make_amx_weights(4, kMostTileColumns, std::vector{tile});
  REQUIRE(weights.tiles.size() == 2);
  const AmxTile& made = weights.tiles[0];
  CHECK(made.columns == std::vector<int32_t>{2, 0});
  REQUIRE(made.features.size() == 2 * kAmxPairs);
  CHECK(std::vector(made.features.begin(), made.features.begin() + 4) ==
        std::vector<int32_t>{4, 9, 6, -1});
  REQUIRE(made.weights.size() == kAmxRegisterWords);
  CHECK(made.weights[0] == bf16_pair(1.0f, 3.0f));
  CHECK(made.weights[1] == bf16_pair(5.0f, 0.0f));
  CHECK(made.weights[kAmxPairs] == bf16_pair(2.0f, 4.0f));
  CHECK(std::ranges::count(made.weights, 0u) == kAmxRegisterWords - 4);
  CHECK(weights.tiles[1].columns == std::vector<int32_t>{1, 3});
  CHECK(weights.tiles[1].steps() == 0);
  CHECK(weights.products == 6.0);
}

TEST_CASE("what a file has in slots of rows that there are none for is left out", "[kernels]") {
  QuadTile quad;
  quad.slots = 2;
  quad.rows = {5, -1, 3, -1, 7, -1, -1, -1};
  quad.columns = {0};
  quad.weights = {1.0f, 2.0f, 3.0f, std::nanf("")};
  quad.places = {0, 1, 0, 3};
  const std::vector<DenseTile> tiles = with_zeros({quad});
  REQUIRE(tiles.size() == 1);
  CHECK(tiles[0].rows == std::vector<int32_t>{5, 3, 7});
  CHECK(tiles[0].weights == std::vector<float>{1.0f, 0.0f, 3.0f});
}

TEST_CASE("panels for AMX hold two vectors of tokens, and threads find work", "[kernels]") {
  for (const int64_t M : {1, 32, 128, 129, 4096}) {
    for (const int threads : {1, 3, 16}) {
      for (const PanelSplit& way : ways_for_amx(M, 768, threads)) {
        CAPTURE(M, threads);
        CHECK(way.tokens == kHalvesTokens);
        int64_t next = 0;
        for (const TokenBlock& block : way.blocks) {
          CHECK(block.begin == next);
          CHECK(block.count <= kHalvesTokens);
          next += block.count;
        }
        CHECK(next == M);
      }
    }
  }
  CHECK(ways_for_amx(128, 768, 4).front().work == PanelWork::kPanels);
  CHECK(ways_for_amx(128, 768, 3).front().work == PanelWork::kTiles);
  CHECK(ways_for_amx(4096, 768, 4).front().together == 8);
  CHECK(ways_for_amx(4096, 11008, 4).front().together == 2);
}

}  // namespace
}  // namespace tvw
