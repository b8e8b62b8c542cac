// What every pattern promises, over shapes and scores that are random, degenerate or both.
#include <algorithm>
#include <set>

#include "patterns/scores.hpp"
#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/pack/packed_weights.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw {
namespace {

using patterns::make_pattern;
using test::make_scores;
using test::Scores;

constexpr int64_t kShapes[][2] = {{1, 1},   {1, 70},   {70, 1},   {3, 5},    {17, 64},
                                  {64, 63}, {96, 130}, {129, 65}, {130, 200}};
constexpr const char* kPatterns[] = {
    "ew",      "2:4",     "1:4",      "1:2",      "block:b=16",
    "tw:g=16", "tw:g=64", "tvw:g=16", "tvw:g=64", "tvw:g=24,nm=1:4"};

/// The elements that can be kept or dropped in one step: how far from the target a mask may be.
int64_t largest_unit(const patterns::Pattern& pattern, const Scores& scores) {
  int64_t largest = 0;
  for (const patterns::Unit& unit : pattern.units(scores.view())) {
    largest = std::max<int64_t>(largest, unit.size);
  }
  return largest;
}

bool is_fixed(const PatternSpec& spec) { return spec.kind == PatternKind::kNm; }

void check_layout(const Selection& selection, const PatternSpec& spec) {
  REQUIRE(selection.tiles.has_value());
  const Mask& mask = selection.mask;
  Mask allowed(mask.rows(), mask.cols(), false);
  std::set<int32_t> columns;
  for (const Tile& tile : selection.tiles->tiles) {
    CHECK(static_cast<int64_t>(tile.kept_n.size()) <= spec.granularity);
    CHECK(std::set(tile.kept_k.begin(), tile.kept_k.end()).size() == tile.kept_k.size());
    for (const int32_t n : tile.kept_n) {
      CHECK(columns.insert(n).second);  // a column is in one tile at most
      for (const int32_t k : tile.kept_k) allowed.keep(k, n);
      if (spec.kind != PatternKind::kTvw) continue;
      const auto group = static_cast<size_t>(spec.nm.group);
      for (size_t i = 0; i < tile.kept_k.size(); i += group) {
        int64_t kept = 0;
        for (size_t j = i; j < std::min(tile.kept_k.size(), i + group); ++j) {
          kept += mask.kept(tile.kept_k[j], n) ? 1 : 0;
        }
        CHECK(kept <= spec.nm.keep);
      }
    }
  }
  for (int64_t k = 0; k < mask.rows(); ++k) {
    for (int64_t n = 0; n < mask.cols(); ++n) {
      if (mask.kept(k, n) && !allowed.kept(k, n)) FAIL("kept outside of the tiles");
      if (spec.kind == PatternKind::kTw && mask.kept(k, n) != allowed.kept(k, n)) {
        FAIL("a tile of TW has a hole");
      }
    }
  }
}

TEST_CASE("a selection meets its target, has its structure and can be packed", "[patterns]") {
  uint32_t seed = 0;
  for (const char* text : kPatterns) {
    const PatternSpec spec = parse_pattern(text);
    const auto pattern = make_pattern(spec);
    for (const auto& shape : kShapes) {
      for (const std::string& kind : test::score_kinds()) {
        const Scores scores = make_scores(shape[0], shape[1], kind, ++seed);
        for (const double target : {0.5, 0.75, 0.9}) {
          if (spec.kind == PatternKind::kTvw && 1.0 - spec.nm.density() > target) continue;
          CAPTURE(text, shape[0], shape[1], kind, target);
          const Selection selection = pattern->select(scores.view(), Sparsity(target));
          const Mask& mask = selection.mask;
          REQUIRE(mask.rows() == scores.K);
          REQUIRE(mask.cols() == scores.N);
          if (!is_fixed(spec)) {
            const double wanted = (1.0 - target) * static_cast<double>(scores.K * scores.N);
            const double off = std::abs(static_cast<double>(mask.kept_count()) - wanted);
            CHECK(off <= static_cast<double>(largest_unit(*pattern, scores)) + 1.0);
          }
          const bool tiled = spec.kind == PatternKind::kTw || spec.kind == PatternKind::kTvw;
          CHECK(selection.tiles.has_value() == tiled);
          if (tiled) {
            check_layout(selection, spec);
          } else {
            CHECK(pattern->conforms(selection).conforms);
          }
          const DenseMatrix dense = test::random_dense(scores.K, scores.N, DType::kF32, seed);
          const auto unpacked = pack::unpack(pack::pack(dense, selection, spec)).values.to_f32();
          const auto values = dense.values.to_f32();
          for (int64_t i = 0; i < scores.K * scores.N; ++i) {
            const bool kept = mask.kept(i / scores.N, i % scores.N);
            if (unpacked[static_cast<size_t>(i)] !=
                (kept ? values[static_cast<size_t>(i)] : 0.0F)) {
              FAIL("element " << i << " is not the same after packing");
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a selection has the same bits for any number of threads", "[patterns]") {
  const int before = thread_count();
  for (const char* text : kPatterns) {
    CAPTURE(text);
    const auto pattern = make_pattern(parse_pattern(text));
    for (const char* kind : {"normal", "ties"}) {
      const Scores scores = make_scores(150, 210, kind, 5);
      std::vector<Selection> selections;
      for (const int threads : {1, 2, 3, 7}) {
        set_thread_count(threads);
        selections.push_back(pattern->select(scores.view(), Sparsity(0.8)));
      }
      for (const Selection& selection : selections) {
        CHECK(selection.mask == selections.front().mask);
        CHECK(selection.tiles == selections.front().tiles);
      }
      std::set<double> kept;
      for (const int threads : {1, 2, 3, 7}) {
        set_thread_count(threads);
        kept.insert(patterns::kept_score(scores.view(), selections.front().mask));
      }
      CHECK(kept.size() == 1);
    }
  }
  set_thread_count(before);
}

TEST_CASE("a view with rows further apart selects the same", "[patterns]") {
  const Scores scores = make_scores(40, 50, "normal", 3);
  std::vector<float> wide(40 * 64, 1e9F);
  for (int64_t k = 0; k < 40; ++k) {
    std::copy_n(scores.values.begin() + k * 50, 50, wide.begin() + k * 64);
  }
  for (const char* text : kPatterns) {
    CAPTURE(text);
    const auto pattern = make_pattern(parse_pattern(text));
    const MatrixView<const float> view(wide.data(), 40, 50, 64);
    CHECK(pattern->select(view, Sparsity(0.75)).mask ==
          pattern->select(scores.view(), Sparsity(0.75)).mask);
  }
}

TEST_CASE("a mask of one pattern is not taken for another", "[patterns]") {
  const Scores scores = make_scores(128, 128, "normal", 9);
  const auto mask_of = [&](const char* text) {
    return make_pattern(parse_pattern(text))->select(scores.view(), Sparsity(0.75)).mask;
  };
  const auto conforms = [](const char* text, const Mask& mask) {
    return make_pattern(parse_pattern(text))->conforms({mask, std::nullopt});
  };
  const Mask unstructured = mask_of("ew");
  for (const char* text : {"2:4", "block:b=16", "tw:g=64", "tvw:g=64"}) {
    CAPTURE(text);
    const patterns::Conformity verdict = conforms(text, unstructured);
    CHECK_FALSE(verdict.conforms);
    CHECK_FALSE(verdict.violation.empty());
  }
  CHECK(conforms("2:4", mask_of("2:4")).conforms);
  CHECK_FALSE(conforms("1:4", mask_of("2:4")).conforms);
  CHECK_FALSE(conforms("2:4", mask_of("block:b=16")).conforms);
  CHECK(conforms("tw:g=64", mask_of("tw:g=64")).conforms);
  CHECK_FALSE(conforms("tw:g=64", mask_of("2:4")).conforms);
  CHECK_FALSE(conforms("block:b=16", mask_of("tw:g=64")).conforms);
  const Mask dense(128, 128, true);
  CHECK(conforms("ew", dense).conforms);
  CHECK_FALSE(conforms("2:4", dense).conforms);
}

TEST_CASE("what makes no sense is refused", "[patterns]") {
  const Scores scores = make_scores(8, 8, "normal", 1);
  CHECK_THROWS_AS(make_pattern(parse_pattern("tvw"))->select(scores.view(), Sparsity(0.3)), Error);
  CHECK_THROWS_AS(make_pattern(parse_pattern("ew"))->select({}, Sparsity(0.5)), Error);
  CHECK_THROWS_WITH(patterns::parse_permute("fats"), Catch::Contains("fast"));
  CHECK_THROWS_WITH(patterns::parse_split("atuo"), Catch::Contains("auto"));
  PatternSpec spec = parse_pattern("2:4");
  spec.nm.keep = 5;
  CHECK_THROWS_AS(make_pattern(spec), Error);
}

}  // namespace
}  // namespace tvw
