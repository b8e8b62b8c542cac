// The parts of the tile search, each against plain loops or its own promise.
#include <functional>
#include <numeric>

#include "hwy/targets.h"
#include "patterns/byte_kernels.hpp"
#include "patterns/byte_scores.hpp"
#include "patterns/column_clusters.hpp"
#include "patterns/quad_order.hpp"
#include "patterns/selection_checks.hpp"
#include "patterns/tile_rows.hpp"

namespace tvw::patterns {
namespace {

std::vector<uint8_t> random_bytes(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator());
  return bytes;
}

std::vector<int32_t> shuffled(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<int32_t> ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  std::shuffle(ids.begin(), ids.end(), generator);
  return ids;
}

/// Sum of the `keep` largest of each group of rows in column c.
uint32_t plain_gain(const std::vector<uint8_t>& scores, int64_t ld,
                    const std::vector<int32_t>& rows, NmRatio nm, int64_t c) {
  uint32_t sum = 0;
  for (size_t r0 = 0; r0 < rows.size(); r0 += static_cast<size_t>(nm.group)) {
    std::vector<uint8_t> group;
    for (size_t r = r0; r < std::min(rows.size(), r0 + static_cast<size_t>(nm.group)); ++r) {
      group.push_back(scores[static_cast<size_t>(rows[r] * ld + c)]);
    }
    std::sort(group.begin(), group.end(), std::greater<>());
    group.resize(std::min(group.size(), static_cast<size_t>(nm.keep)));
    sum = std::accumulate(group.begin(), group.end(), sum);
  }
  return sum;
}

/// Runs `body` once for every instruction set of this machine.
template <class Body>
void for_targets(const Body& body) {
  for (int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    const int64_t target = left & -left;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    INFO("target " << hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST_CASE("byte kernels are exact on every instruction set", "[patterns]") {
  constexpr int64_t kLd = 2 * kLane;
  for_targets([&] {
    for (const NmRatio nm : {NmRatio{1, 1}, {2, 4}, {1, 4}, {1, 2}, {4, 8}, {8, 16}, {16, 16}}) {
      // 3001 rows of nothing but 255 overflow 16-bit lanes unless those are flushed.
      for (const int64_t count : {0, 1, 3, 16, 37, 3001}) {
        const std::vector<uint8_t> scores =
            count > 1000 ? std::vector<uint8_t>(static_cast<size_t>(count * kLd), 255)
                         : random_bytes(std::max<int64_t>(count, 1) * kLd, 1);
        const std::vector<int32_t> rows = shuffled(count, 2);
        uint32_t gains[kLane];
        group_gains(scores.data() + kLane, kLd, rows.data(), count, nm, gains);
        int64_t wrong = 0;
        for (int64_t c = 0; c < kLane; ++c) {
          wrong += gains[c] == plain_gain(scores, kLd, rows, nm, kLane + c) ? 0 : 1;
        }
        CAPTURE(nm.keep, nm.group, count);
        CHECK(wrong == 0);
      }
    }
    const std::vector<uint8_t> tile = random_bytes(9 * kLd, 3);
    for (const int64_t keep : {1, 2, 3, 8}) {
      for (const int64_t count : {0, 1, 2, 3, 9}) {
        std::vector<const uint8_t*> rows;
        for (int64_t r = 0; r < count; ++r) rows.push_back(tile.data() + r * kLd);
        std::vector<uint8_t> got(kLd, 77);
        kth_largest(rows.data(), count, keep, kLd, got.data());
        int64_t wrong = 0;
        for (int64_t c = 0; c < kLd; ++c) {
          std::vector<uint8_t> column(static_cast<size_t>(std::max(keep, count)), 0);
          for (int64_t r = 0; r < count; ++r)
            column[static_cast<size_t>(r)] = rows[static_cast<size_t>(r)][c];
          std::sort(column.begin(), column.end(), std::greater<>());
          wrong += got[static_cast<size_t>(c)] == column[static_cast<size_t>(keep - 1)] ? 0 : 1;
        }
        CAPTURE(keep, count);
        CHECK(wrong == 0);
      }
    }
    const std::vector<uint8_t> floor = random_bytes(kLd, 4);
    const std::vector<int32_t> rows = shuffled(9, 5);
    uint32_t sums[9];
    max_sums(floor.data(), tile.data(), rows.data(), 9, kLd, sums);
    for (size_t i = 0; i < 9; ++i) {
      uint32_t sum = 0;
      for (int64_t c = 0; c < kLd; ++c) {
        sum +=
            std::max(floor[static_cast<size_t>(c)], tile[static_cast<size_t>(rows[i] * kLd + c)]);
      }
      CHECK(sums[i] == sum);
    }
  });
}

TEST_CASE("selection has the same bits on every instruction set", "[patterns]") {
  const test::ScoreMatrix scores = test::fill_scores(64, 96, test::Fill::kSquares, 1);
  const auto pattern = test::pattern("tvw:g=16,nm=2:4");
  const Selection native = pattern->select(scores.view(), Sparsity(0.75));
  for_targets([&] {
    const Selection selection = pattern->select(scores.view(), Sparsity(0.75));
    CHECK(selection.mask == native.mask);
    CHECK(selection.tiles == native.tiles);
  });
}

TEST_CASE("scores as bytes keep their order up to the largest", "[patterns]") {
  for (const test::Fill fill : test::kFills) {
    const test::ScoreMatrix scores = test::fill_scores(37, 50, fill, 1);
    const ByteScores bytes = quantise(scores.view());
    REQUIRE(bytes.ld == kLane);
    int64_t wrong = 0;
    for (int64_t k = 0; k < 37; ++k) {
      for (int64_t n = 1; n < 50; ++n) {
        if (scores.view()(k, n) > scores.view()(k, n - 1)) {
          wrong += bytes.row(k)[n] < bytes.row(k)[n - 1] ? 1 : 0;
        }
        wrong += scores.view()(k, n) == 0.0F && bytes.row(k)[n] != 0 ? 1 : 0;
      }
      for (int64_t n = 50; n < bytes.ld; ++n) wrong += bytes.row(k)[n] != 0 ? 1 : 0;
    }
    CAPTURE(static_cast<int>(fill));
    CHECK(wrong == 0);
    const bool something = *std::max_element(bytes.values.begin(), bytes.values.end()) > 0;
    CHECK(something == (fill != test::Fill::kZero));
  }
}

TEST_CASE("exchanging columns gains what it says and ends at no gain", "[patterns]") {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 generator(seed);
    ColumnGains gains(24, 4);
    for (uint32_t& gain : gains.values) gain = generator() % 1000;
    std::vector<int32_t> tile_of;
    for (int32_t n = 0; n < 24; ++n) tile_of.push_back(n < 3 ? 0 : n < 10 ? 1 : n < 20 ? 2 : 3);
    const auto sum = [&](const std::vector<int32_t>& tiles) {
      int64_t total = 0;
      for (int64_t n = 0; n < 24; ++n) total += gains.at(n, tiles[static_cast<size_t>(n)]);
      return total;
    };
    const std::vector<int32_t> before = tile_of;
    const int64_t gained = improve_clusters(gains, tile_of);
    CHECK(gained == sum(tile_of) - sum(before));
    for (int32_t t = 0; t < 4; ++t) {
      CHECK(std::count(tile_of.begin(), tile_of.end(), t) ==
            std::count(before.begin(), before.end(), t));
    }
    for (size_t a = 0; a < 24; ++a) {
      for (size_t b = 0; b < a; ++b) {
        std::vector<int32_t> other = tile_of;
        std::swap(other[a], other[b]);
        CHECK(sum(other) <= sum(tile_of));
      }
    }
    CHECK(sum(tile_of) > sum(before));
  }
}

TEST_CASE("ordering rows keeps their number and never loses score", "[patterns]") {
  constexpr int64_t kRows = 70;
  for (const NmRatio nm : {NmRatio{2, 4}, {1, 2}, {4, 8}, {1, 4}}) {
    for (const int64_t inside : {0, 1, 3, 16, 35, 70}) {
      const std::vector<uint8_t> tile = random_bytes(kRows * kLane, 7);
      std::vector<int32_t> rows = shuffled(kRows, 8);
      rows.resize(static_cast<size_t>(inside));
      const auto value = [&] {
        uint64_t sum = 0;
        for (int64_t c = 0; c < kLane; ++c) sum += plain_gain(tile, kLane, rows, nm, c);
        return sum;
      };
      const uint64_t before = value();
      for (const int64_t quads : {2, 128}) {  // several deals, or one
        order_rows(tile.data(), kRows, kLane, nm, {2, quads, 5, 3}, rows);
        const std::set<int32_t> different(rows.begin(), rows.end());
        CAPTURE(nm.keep, nm.group, inside, quads);
        CHECK(static_cast<int64_t>(different.size()) == inside);
        CHECK((inside == 0 || (*different.begin() >= 0 && *different.rbegin() < kRows)));
        CHECK(value() >= before);
      }
      if (inside >= 16) CHECK(value() > before);
    }
  }
}

TEST_CASE("rows are shared in sixteens, the rest to the best tile", "[patterns]") {
  using Ranked = std::vector<std::vector<double>>;
  const std::vector<double> high(64, 2.0);
  const std::vector<double> low(64, 1.0);
  CHECK(share_rows({low, high}, {8, 8}, 8.0 * 64, {1, 1}) == std::vector<int64_t>{0, 64});
  CHECK(share_rows({low, high}, {8, 8}, 8.0 * 70, {1, 1}) == std::vector<int64_t>{6, 64});
  CHECK(share_rows({low, high}, {8, 8}, 8.0 * 35, {2, 4}) == std::vector<int64_t>{8, 64});
  CHECK(share_rows({high, high}, {8, 8}, 8.0 * 64, {1, 1}) == std::vector<int64_t>{64, 0});
  CHECK(share_rows({low, high}, {8, 8}, 0.0, {1, 1}) == std::vector<int64_t>{0, 0});
  CHECK(share_rows({low, high}, {8, 8}, 8.0 * 64, {2, 4}) == std::vector<int64_t>{64, 64});
  // A score is a mean: the wide tile's rows sum to more but are worth less.
  CHECK(share_rows({low, high}, {2, 8}, 2.0 * 64, {1, 1}) == std::vector<int64_t>{64, 0});
  // Equal rows whose sums round: the last five must not come before the first sixteen.
  for (const double score : {0.1, 0.3, 1.1, 1e-3, 7.7}) {
    const Ranked equal(5, std::vector<double>(21, score));
    const std::vector<int64_t> kept = share_rows(equal, {3, 3, 3, 3, 3}, 3.0 * 5 * 16, {1, 1});
    CHECK(std::accumulate(kept.begin(), kept.end(), int64_t{0}) == 5 * 16);
  }
}

}  // namespace
}  // namespace tvw::patterns
