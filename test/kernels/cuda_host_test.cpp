// The CUDA module's host side, which needs no GPU: orders of weights, schedules, errors.

#include <cstdlib>
#include <map>
#include <set>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/items.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/weights/fragment_order.hpp"
#include "kernels/cuda/weights/stage_order.hpp"
#include "kernels/cuda/weights/tensor_core_tiles.hpp"
#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

using namespace kernels::cuda;

struct Case {
  const char* pattern;
  int64_t K, N;
  double density;
  bool empty_tile;
};

constexpr Case kCases[] = {
    {"tvw:g=64", 96, 130, 0.6, true},      {"tvw:g=100", 257, 40, 0.4, false},
    {"tvw:g=32,nm=1:4", 64, 64, 1, false}, {"tvw:g=48,nm=1:2", 70, 99, 0.5, true},
    {"tw:g=64", 200, 130, 0.5, true},      {"tw:g=24", 33, 70, 0.3, false},
    {"2:4", 130, 70, 1.0, false},          {"1:4", 18, 5, 1.0, false}};

pack::PackedWeights packed(const Case& c, uint32_t seed) {
  const PatternSpec spec = parse_pattern(c.pattern);
  return pack::pack(test::random_dense(c.K, c.N, DType::kF16, seed),
                    test::random_selection(c.K, c.N, spec, c.density, seed, c.empty_tile), spec);
}

/// What the tiles multiply, as a dense B: sums of all that is stored for an element.
std::map<std::pair<int32_t, int32_t>, std::vector<uint16_t>> elements(
    const TensorCoreTiles& tiles) {
  std::map<std::pair<int32_t, int32_t>, std::vector<uint16_t>> found;
  for (const TensorCoreTile& tile : tiles.tiles) {
    const auto rows = static_cast<int64_t>(tile.rows.size());
    const int64_t stored = tiles.sparse ? rows / 2 : rows;
    for (int64_t f = 0; f < tiles.features; ++f) {
      for (int64_t i = 0; i < stored; ++i) {
        const auto at = static_cast<size_t>(f * stored + i);
        if (tile.values[at] == 0) continue;
        const int64_t row = tiles.sparse ? i / 2 * 4 + tile.positions[at] : i;
        found[{tile.rows[static_cast<size_t>(row)], tile.columns[static_cast<size_t>(f)]}]
            .push_back(tile.values[at]);
      }
    }
  }
  return found;
}

TEST_CASE("tensor-core tiles hold exactly the packed weights", "[cuda]") {
  uint32_t seed = 0;
  for (const Case& c : kCases) {
    for (const int64_t features : {16, 64, 128, 256}) {
      CAPTURE(c.pattern, c.K, c.N, features);
      const pack::PackedWeights weights = packed(c, ++seed);
      const DenseMatrix dense = pack::unpack(weights);
      const TensorCoreTiles tiles = make_tensor_core_tiles(weights, features, 64);
      CHECK(tile_count(weights, features) == static_cast<int64_t>(tiles.tiles.size()));
      std::multiset<int32_t> columns;
      for (const TensorCoreTile& tile : tiles.tiles) {
        // A narrow tile's pads are no work of their own.
        CHECK(std::ranges::any_of(tile.columns, [](int32_t n) { return n >= 0; }));
        CHECK(tile.rows.size() % 64 == 0);
        CHECK(static_cast<int64_t>(tile.columns.size()) == features);
        for (const int32_t k : tile.rows) CHECK((k >= 0 && k < c.K));
        for (const int32_t n : tile.columns) {
          if (n >= 0) columns.insert(n);
        }
        for (size_t i = 0; i + 1 < tile.positions.size(); i += 2) {
          if (!(tile.positions[i] < tile.positions[i + 1] && tile.positions[i + 1] < 4)) {
            FAIL("places of a quad do not ascend");
          }
        }
      }
      CHECK(columns == [&] {
        std::multiset<int32_t> all;
        for (int32_t n = 0; n < c.N; ++n) all.insert(n);
        return all;
      }());  // every column once: none is left unwritten
      auto found = elements(tiles);
      const auto* values = dense.values.words<uint16_t>();
      for (int32_t k = 0; k < c.K; ++k) {
        for (int32_t n = 0; n < c.N; ++n) {
          const uint16_t bits = values[k * c.N + n];
          const auto& got = found[{k, n}];
          if (bits == 0 ? !got.empty() : got != std::vector<uint16_t>{bits}) {
            FAIL("element [" << k << ", " << n << "]");
          }
        }
      }
    }
  }
}

void check_same(const TensorCoreTiles& a, const TensorCoreTiles& b) {
  REQUIRE(a.tiles.size() == b.tiles.size());
  for (size_t t = 0; t < a.tiles.size(); ++t) {
    CHECK(a.tiles[t].rows == b.tiles[t].rows);
    CHECK(a.tiles[t].columns == b.tiles[t].columns);
    CHECK(a.tiles[t].values == b.tiles[t].values);
    CHECK(a.tiles[t].positions == b.tiles[t].positions);
  }
}

TEST_CASE("orders for wgmma and mma can be turned back", "[cuda]") {
  uint32_t seed = 100;
  for (const Case& c : kCases) {
    CAPTURE(c.pattern, c.K, c.N);
    const pack::PackedWeights weights = packed(c, ++seed);
    const TensorCoreTiles tiles = make_tensor_core_tiles(weights, 128, 64);
    for (const int64_t instructions : {1, 2}) {
      const StageOrder order = to_stage_order(tiles, instructions);
      CHECK(static_cast<int64_t>(order.bytes.size()) ==
            order.first_stage.back() * order.stage_bytes());
      check_same(tiles, from_stage_order(order, c.K, c.N));
    }
    check_same(tiles, from_fragment_order(to_fragment_order(tiles), c.K, c.N));
  }
}

TEST_CASE("weights that tensor cores cannot take are refused with the reason", "[cuda]") {
  const PatternSpec spec = parse_pattern("3:4");
  const pack::PackedWeights weights = pack::pack(test::random_dense(16, 8, DType::kF16, 1),
                                                 test::random_selection(16, 8, spec, 1.0, 1), spec);
  CHECK_THAT(tensor_core_support(weights).reason, Catch::Contains("3:4"));
  CHECK_THAT(tensor_core_support(test::random_dense(8, 8, DType::kF16, 1)).reason,
             Catch::Contains("dense"));
}

TEST_CASE("a schedule computes every output tile once", "[cuda]") {
  for (const auto& [M, wide, narrow] : {std::tuple<int64_t, int, int>{12800, 160, 144},
                                        {1, 128, 64},
                                        {100, 160, 0},
                                        {5000, 128, 32}}) {
    for (const bool cached : {false, true}) {
      CAPTURE(M, wide, narrow, cached);
      const std::vector<int32_t> first_stage{0, 8, 8, 13, 20};  // the second tile has no rows
      const Schedule schedule = make_schedule({M, first_stage, wide, narrow, 132, cached});
      REQUIRE(schedule.grid > 0);
      REQUIRE(schedule.grid <= 132);
      std::vector<std::vector<int>> covered(4, std::vector<int>(static_cast<size_t>(M), 0));
      const auto grid = static_cast<size_t>(schedule.grid);
      CHECK(schedule.items.size() % grid == 0);
      for (size_t cta = 0; cta < grid; ++cta) {
        size_t i = cta;
        for (; schedule.items[i].token_width != 0; i += grid) {
          const Item& item = schedule.items[i];
          const auto tile = static_cast<size_t>(item.tile);
          CHECK(item.first_stage == first_stage[tile]);
          CHECK(item.stages == first_stage[tile + 1] - first_stage[tile]);
          const int64_t token = (item.token_width >> 8) * 8;
          const int64_t width = (item.token_width & 0xFF) * 8;
          CHECK((width == wide || width == narrow));
          for (int64_t m = token; m < std::min(M, token + width); ++m) {
            ++covered[tile][static_cast<size_t>(m)];
          }
        }
        CHECK(i < schedule.items.size());  // the list has an end
      }
      for (const auto& tile : covered) {
        CHECK(std::all_of(tile.begin(), tile.end(), [](int times) { return times == 1; }));
      }
    }
  }
}

TEST_CASE("the CTAs of a cluster share the stages of one output tile", "[cuda]") {
  const std::vector<int32_t> first_stage{0, 8, 8, 13};  // the second tile has no rows
  for (const int64_t M : {1, 64, 100, 250, 480}) {
    for (const int splits : {2, 3, 8}) {
      CAPTURE(M, splits);
      const Schedule schedule = make_split_schedule({M, first_stage, 96, 48, 17, true}, splits);
      const auto grid = static_cast<size_t>(schedule.grid);
      REQUIRE(grid > 0);
      REQUIRE(grid % static_cast<size_t>(splits) == 0);
      REQUIRE(grid <= static_cast<size_t>(17 * splits));
      REQUIRE(schedule.items.size() == 2 * grid);
      std::vector<std::vector<int>> covered(3, std::vector<int>(static_cast<size_t>(M), 0));
      for (size_t cluster = 0; cluster < grid; cluster += static_cast<size_t>(splits)) {
        const Item& first = schedule.items[cluster];
        const auto tile = static_cast<size_t>(first.tile);
        int32_t stage = first_stage[tile];
        for (size_t r = 0; r < static_cast<size_t>(splits); ++r) {
          const Item& item = schedule.items[cluster + r];
          CHECK(item.tile == first.tile);
          CHECK(item.token_width == first.token_width);
          CHECK(item.first_stage == stage);
          stage += item.stages;
          CHECK(schedule.items[grid + cluster + r].token_width == 0);  // the list's end
        }
        CHECK(stage == first_stage[tile + 1]);
        const int64_t token = (first.token_width >> 8) * 8, width = (first.token_width & 0xFF) * 8;
        for (int64_t m = token; m < std::min(M, token + width); ++m) {
          ++covered[tile][static_cast<size_t>(m)];
        }
      }
      for (const auto& tile : covered) {
        CHECK(std::all_of(tile.begin(), tile.end(), [](int times) { return times == 1; }));
      }
    }
  }
  CHECK(make_split_schedule({2000, first_stage, 96, 48, 17, true}, 2).grid == 0);  // 63 tiles
}

TEST_CASE("a schedule is balanced, better with a second width", "[cuda]") {
  const std::vector<int32_t> first_stage{0, 6, 12, 18};
  const double one = make_schedule({12800, first_stage, 160, 0, 132, true}).longest;
  const double two = make_schedule({12800, first_stage, 160, 144, 132, true}).longest;
  CHECK(two < one);
}

TEST_CASE("the time of launches has no gaps where the host is slower than the device", "[cuda]") {
  // A device that is kept busy, then runs launches of run_us as they come, one each submit_us.
  const auto measured = [](double submit_us, double run_us, int repeats) {
    int attempts = 0;
    const double time = time_without_gaps(repeats, [&](double busy_us) {
      ++attempts;
      double finished = busy_us;
      for (int i = 1; i <= repeats; ++i) finished = std::max(finished, i * submit_us) + run_us;
      return Attempt{repeats * submit_us, finished - busy_us};
    });
    return std::pair(time, attempts);
  };
  CHECK(measured(3.0, 7.0, 40) == std::pair(280.0, 1));   // submitted while the device is busy
  CHECK(measured(9.0, 20.0, 40) == std::pair(800.0, 1));  // not all of it, but in time
  const auto [time, attempts] = measured(9.0, 7.0, 40);
  CHECK(time == 280.0);
  CHECK(attempts == 2);
  CHECK(measured(9.0, 7.0, 1000).second <= 3);  // a queue has an end, and so have attempts
}

TEST_CASE("a CUDA error is one sentence with the call and the code", "[cuda]") {
  CHECK_NOTHROW(check(cudaSuccess, "cudaMalloc(&p, 5)"));
  try {
    check(cudaErrorMemoryAllocation, "cudaMalloc(&p, 5)");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUnsupported);
    CHECK(std::string(error.what()) == "CUDA: cudaMalloc failed: out of memory (error 2)");
  }
  CHECK_THROWS_WITH(check_status(7, "cuSPARSE", "cusparseSpMM(handle)", "not supported"),
                    "cuSPARSE: cusparseSpMM failed: not supported (error 7)");
}

}  // namespace
}  // namespace tvw
