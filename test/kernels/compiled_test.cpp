// Code made for weights against the kernels that read where each product's row is.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>

#include "kernels/cpu/code_memory.hpp"
#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "kernels/cpu/ways.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/dtype.hpp"
#include "tvw/core/error.hpp"
#include "tvw/kernels/cpu_isa.hpp"

namespace tvw {
namespace {

using namespace kernels::cpu;
using Columns = std::vector<std::vector<ColumnEntry>>;

constexpr int64_t kTokens = 48;
constexpr int64_t kPanels = 3;
/// Of panels and results as products_of() has them.
constexpr CodeUse kUse{.rows_stride = kTokens, .results_stride = kTokens, .sums_in_results = true};

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

/// [kPanels][N][kTokens]; sums start from their column's number, by `start` or by what they are.
/// `rounded`: to bf16, and back.
std::vector<float> products_of(const PanelTiles& tiles, int64_t N, const HostFloats& panels,
                               bool by_start, bool rounded = false) {
  const auto panel_size = std::ssize(panels) / kPanels;
  std::vector<float> results(static_cast<size_t>(kPanels * N * kTokens), std::nanf(""));
  std::vector<uint16_t> halves(results.size());
  std::vector<float> unused(static_cast<size_t>(kTokens));
  std::vector<uint16_t> unused_halves(unused.size());
  int64_t seen = 0;
  for (int64_t t = 0; t < tiles.count(); ++t) {
    const auto columns = tiles.columns(t);
    seen += std::ssize(columns);
    const size_t places = (columns.size() + kGroupColumns - 1) / kGroupColumns * kGroupColumns;
    std::vector<float> start(places);
    std::vector<std::vector<float*>> sums(kPanels, std::vector<float*>(places, unused.data()));
    std::vector<std::vector<uint16_t*>> in_halves(
        kPanels, std::vector<uint16_t*>(places, unused_halves.data()));
    std::vector<PanelTask> tasks;
    for (int64_t p = 0; p < kPanels; ++p) {
      const auto panel = static_cast<size_t>(p);
      for (size_t c = 0; c < columns.size(); ++c) {
        const int64_t at = (p * N + columns[c]) * kTokens;
        start[c] = static_cast<float>(columns[c]);
        sums[panel][c] = results.data() + at;
        in_halves[panel][c] = halves.data() + at;
        if (!by_start) std::fill_n(sums[panel][c], kTokens, start[c]);
      }
      tasks.push_back({panels.data() + p * panel_size,
                       kTokens,
                       {kTokens, sums[panel].data(), by_start ? start.data() : nullptr,
                        rounded ? in_halves[panel].data() : nullptr}});
    }
    tiles.multiply(t, tasks);
  }
  CHECK(seen == N);
  if (rounded) std::ranges::transform(halves, results.begin(), tvw::bf16_to_f32);
  return results;
}

int64_t count_wrong(const std::vector<float>& got, const std::vector<float>& want,
                    float tolerance) {
  REQUIRE(got.size() == want.size());
  int64_t wrong = 0;
  for (size_t i = 0; i < got.size(); ++i) wrong += std::abs(got[i] - want[i]) <= tolerance ? 0 : 1;
  return wrong;
}

/// Tiles of f32 that have the same weights.
void check_same(const PanelTiles& compiled, const PanelTiles& read, int64_t K, int64_t N) {
  const bool by_start = GENERATE(true, false);
  CAPTURE(K, N, by_start);
  const std::vector<float> values =
      test::random_dense(kPanels * K, kTokens, DType::kF32, 7).values.to_f32();
  const HostFloats panels(values.begin(), values.end());  // [kPanels][K][kTokens]
  CHECK(compiled.products() == read.products());
  const float tolerance = 4.0f * std::numeric_limits<float>::epsilon() * static_cast<float>(K + N);
  CHECK(count_wrong(products_of(compiled, N, panels, by_start),
                    products_of(read, N, panels, by_start), tolerance) == 0);
}

TEST_CASE("code made for weights computes what the other kernels do", "[kernels]") {
  if (!compiles_tiles()) return not_run();  // no AVX-512, or a system that forbids it
  // Of more than one part of columns, more than 256 weights, more than one chunk of rows.
  const auto [K, N] = GENERATE(
      table<int64_t, int64_t>({{1, 1}, {4, 27}, {5, 28}, {81, 29}, {300, 61}, {1100, 57}}));
  const int64_t width = GENERATE(int64_t{20}, kMostTileColumns);
  CAPTURE(width);
  const Columns columns = random_columns(K, N);
  check_same(*make_compiled_tiles(make_panel_weights(K, N, columns, width), kUse),
             *make_f32_tiles(make_panel_weights(K, N, columns, kTileColumns)), K, N);
}

TEST_CASE("code starts from zero and leaves out tokens", "[kernels]") {
  if (!compiles_tiles()) return not_run();
  constexpr int64_t K = 300, N = 61;  // more than one chunk, more than one part
  constexpr float kUntouched = -7.0f;
  // In the first and the last vector of tokens, and in both where there is one.
  const auto [tokens, lead, tail] =
      GENERATE(table<int64_t, int64_t, int64_t>({{kTokens, 5, 9}, {kTokens, 0, 15}, {16, 3, 12}}));
  CAPTURE(tokens, lead, tail);
  const Columns columns = random_columns(K, N);
  CodeUse use = kUse;
  use.from_zero = use.leaves_out_tokens = true;
  const auto tiles = make_compiled_tiles(make_panel_weights(K, N, columns, kTileColumns), use);
  CHECK(tiles->leaves_out_tokens());
  const std::vector<float> rows = test::random_dense(K, kTokens, DType::kF32, 7).values.to_f32();
  std::vector<float> results(static_cast<size_t>(N * kTokens), kUntouched);
  const std::vector<float> zeros(kMostTileColumns, 0.0f);
  for (int64_t t = 0; t < tiles->count(); ++t) {
    std::vector<float*> sums;
    for (const int32_t n : tiles->columns(t)) sums.push_back(results.data() + n * kTokens);
    const PanelTask task{
        rows.data(), kTokens, {tokens, sums.data(), zeros.data(), nullptr, lead, tail}};
    tiles->multiply(t, std::span(&task, 1));
  }
  int64_t wrong = 0;
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t token = 0; token < kTokens; ++token) {
      double want = kUntouched;
      if (token >= lead && token < tokens - tail) {
        want = 0.0;
        for (const ColumnEntry& entry : columns[static_cast<size_t>(n)]) {
          want += double{entry.weight} * rows[static_cast<size_t>(entry.row * kTokens + token)];
        }
      }
      const double got = results[static_cast<size_t>(n * kTokens + token)];
      wrong += std::abs(got - want) <= 1e-4 ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

/// In random order.
std::vector<int32_t> half_of_rows(int64_t K, std::mt19937& random) {
  std::vector<int32_t> rows(static_cast<size_t>(K));
  std::iota(rows.begin(), rows.end(), 0);
  std::ranges::shuffle(rows, random);
  rows.resize(static_cast<size_t>((K + 1) / 2));
  return rows;
}

/// Tiles of `width` columns that share half of the rows; the last one has none.
std::vector<DenseTile> random_dense_tiles(int64_t K, int64_t N, int64_t width) {
  std::mt19937 random(6);
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  std::vector<DenseTile> tiles;
  for (int64_t n = 0; n < N; n += width) {
    DenseTile tile;
    if (n + width < N) tile.rows = half_of_rows(K, random);
    for (int64_t c = n; c < std::min(N, n + width); ++c) {
      tile.columns.push_back(static_cast<int32_t>(c));
    }
    tile.weights.resize(tile.rows.size() * tile.columns.size());
    for (float& weight : tile.weights) weight = value(random);
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

TEST_CASE("code made for columns that share rows computes what the other kernels do", "[kernels]") {
  if (!compiles_tiles()) return not_run();
  // Fewer rows than a loop takes at a time, and rows left over; more than one chunk of them.
  const auto [K, N, width] = GENERATE(table<int64_t, int64_t, int64_t>(
      {{1, 2, 1}, {6, 90, 64}, {13, 57, 28}, {80, 70, 29}, {1100, 200, 65}}));
  CAPTURE(width);
  const PanelWeights weights = make_panel_weights(K, N, random_dense_tiles(K, N, width));
  check_same(*make_compiled_tiles(weights, kUse), *make_f32_tiles(weights), K, N);
}

/// Tiles of `width` columns with half of the rows, some of the last quad's missing;
/// up to `slots` of each four are used.
std::vector<QuadTile> random_quads(int64_t K, int64_t N, int64_t width, int64_t slots) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  std::vector<QuadTile> tiles;
  for (int64_t n = 0; n < N; n += width) {
    QuadTile tile;
    tile.slots = slots;
    const std::vector<int32_t> rows = half_of_rows(K, random);
    const size_t whole = rows.size() / 4 * 4;
    tile.rows = rows;
    if (whole < rows.size()) tile.rows.resize(whole + 4, -1);
    for (int64_t c = n; c < std::min(N, n + width); ++c) {
      tile.columns.push_back(static_cast<int32_t>(c));
    }
    const int64_t columns = std::ssize(tile.columns);
    tile.weights.resize(static_cast<size_t>(tile.quads() * slots * columns));
    tile.places.resize(tile.weights.size());
    for (int64_t quad = 0; quad < tile.quads(); ++quad) {
      for (int64_t c = 0; c < columns; ++c) {
        std::vector<uint8_t> places;
        for (uint8_t j = 0; j < 4; ++j) {
          if (tile.rows[static_cast<size_t>(quad * 4 + j)] >= 0) places.push_back(j);
        }
        std::ranges::shuffle(places, random);
        for (int64_t slot = 0; slot < slots; ++slot) {
          const auto at = static_cast<size_t>((quad * slots + slot) * columns + c);
          const bool used = slot < std::ssize(places) && random() % 8 != 0;
          tile.places[at] = places[used ? static_cast<size_t>(slot) : 0];
          tile.weights[at] = used ? tvw::bf16_to_f32(tvw::f32_to_bf16(value(random))) : 0.0f;
        }
      }
    }
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

TEST_CASE("code made for pairs of bf16 weights computes what the other kernels do", "[kernels]") {
  if (!compiles_tiles() || kernels::cpu_isa() < kernels::CpuIsa::kAvx512Bf16) return not_run();
  const auto [K, N] = GENERATE(
      table<int64_t, int64_t>({{2, 1}, {7, 27}, {8, 28}, {81, 29}, {301, 100}, {1100, 56}}));
  const int64_t width = GENERATE(int64_t{24}, int64_t{28}, int64_t{128});
  const int64_t slots = GENERATE(int64_t{1}, int64_t{2}, int64_t{4});
  const bool by_start = GENERATE(true, false);
  CAPTURE(K, N, width, slots, by_start);
  const int64_t pairs = (K + 1) / 2;
  const std::vector<float> values =
      test::random_dense(kPanels * pairs, 2 * kTokens, DType::kBF16, 7).values.to_f32();
  HostFloats panels(values.size() / 2);  // [kPanels][pairs][kTokens], two bf16 each
  for (size_t i = 0; i < panels.size(); ++i) {
    const uint32_t low = tvw::f32_to_bf16(values[2 * i]);
    const uint32_t high = tvw::f32_to_bf16(values[2 * i + 1]);
    panels[i] = std::bit_cast<float>(low | high << 16);
  }
  const std::vector<QuadTile> tiles = random_quads(K, N, width, slots);
  const PairWeights weights = make_pair_weights(N, kTokens, kMostTileColumns, tiles);
  CodeUse use = kUse;
  use.sums_in_results = false;  // they lie so in the results, too, as columns ascend
  const auto compiled = make_compiled_tiles(weights, use);
  const auto read = make_bf16_tiles(weights);
  CHECK(compiled->products() == read->products());
  const float tolerance = 4.0f * std::numeric_limits<float>::epsilon() * static_cast<float>(K + N);
  const std::vector<float> want = products_of(*read, N, panels, by_start);
  CHECK(count_wrong(products_of(*compiled, N, panels, by_start), want, tolerance) == 0);
  const float rounding = static_cast<float>(N + 8) / 256.0f;  // results are below 2 (N + 8)
  CHECK(count_wrong(products_of(*compiled, N, panels, by_start, true), want, rounding) == 0);
}

TEST_CASE("code is made only for results that it reaches", "[kernels]") {
  if (!compiles_tiles()) return not_run();
  constexpr int64_t K = 4, N = int64_t{1} << 15;
  const PatternSpec spec = parse_pattern("tvw:g=64,nm=2:4");
  const pack::PackedWeights weights =
      pack::pack(test::random_dense(K, N, DType::kF32, 1),
                 test::random_selection(K, N, spec, 0.5, 1, false), spec);
  const TileKind kind{.own_rows = true};
  const auto multiplier = [&](int64_t M, kernels::Layout layout) {
    kernels::Problem problem;
    problem.M = M;
    problem.layout = layout;
    problem.weights = &weights;
    return multiplier_of(problem, kind);
  };
  CHECK(multiplier((1 << 14) - 1, kernels::Layout::kFeatureMajor) == Multiplier::kCode);
  CHECK(multiplier(1 << 14, kernels::Layout::kFeatureMajor) == Multiplier::kKernels);
  CHECK(multiplier(1 << 14, kernels::Layout::kTokenMajor) == Multiplier::kCode);
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
  if (!may_make_code()) return not_run();
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
