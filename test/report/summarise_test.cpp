#include <algorithm>
#include <map>

#include "report/rows.hpp"
#include "report/text.hpp"
#include "support/catch.hpp"
#include "tvw/core/error.hpp"

using namespace tvw;
using namespace tvw::report;
using record::RowStatus;
using test::named;
using test::timed;
using test::without_time;

namespace {

const Summary& find(const Report& report, const std::string& pattern,
                    const std::string& cache = "hot", int64_t M = 512) {
  const auto found = std::ranges::find_if(report.summaries, [&](const Summary& s) {
    return s.pattern == pattern && s.cache == cache && s.M == M;
  });
  REQUIRE(found != report.summaries.end());
  return *found;
}

Report of(std::vector<record::BenchRow> rows) {
  const NamedRecord record = named(std::move(rows));
  return summarise({&record, 1});
}

}  // namespace

TEST_CASE("geomean and weighted speed-up over each baseline, losers included", "[report]") {
  const Report report =
      of({timed("a", "dense", 8.0), timed("a", "tvw", 2.0), timed("a", "block-ell", 4.0),
          timed("a", "csr", 16.0), timed("b", "dense", 10.0), timed("b", "tvw", 20.0)});
  const Summary& tvw = find(report, "tvw");
  REQUIRE(tvw.layers.size() == 2);
  CHECK(*tvw.over_dense.geomean == Approx(std::sqrt(4.0 * 0.5)));
  CHECK(*tvw.over_dense.weighted == Approx(18.0 / 22.0));
  CHECK(*tvw.over_dense.worst == Approx(0.5));
  CHECK(tvw.over_dense.layers == 2);
  CHECK(tvw.over_dense.slower_layers == 1);
  CHECK(*tvw.over_block.geomean == Approx(2.0));
  CHECK(tvw.over_block.layers == 1);
  CHECK(*tvw.over_unstructured.geomean == Approx(8.0));
  CHECK(*tvw.total_us == Approx(2 * 2.0 + 2 * 20.0));
  CHECK(*tvw.layers[1].over_dense == Approx(0.5));
  CHECK_FALSE(tvw.layers[1].over_block.has_value());
  CHECK(*find(report, "ew").over_dense.geomean == Approx(0.5));
}

TEST_CASE("a title says how cold was made", "[report]") {
  auto dense = timed("a", "dense", 8.0, "cold"), a = timed("a", "tvw", 2.0, "cold");
  auto b = timed("b", "tvw", 2.0, "cold");
  a.cold_by = b.cold_by = "rotation";
  CHECK(title_of(find(of({dense, a, b}), "tvw", "cold")).find(", cold (rotation), ") !=
        std::string::npos);
  b.cold_by = "flush";
  CHECK(title_of(find(of({dense, a, b}), "tvw", "cold")).find(", cold (flush; rotation), ") !=
        std::string::npos);
  CHECK(title_of(find(of({timed("a", "tvw", 2.0)}), "tvw")).find(", hot, ") != std::string::npos);
}

TEST_CASE("auto takes dense where nothing is faster", "[report]") {
  const Report report =
      of({timed("a", "dense", 8.0), timed("a", "tvw", 2.0), timed("a", "csr", 1.0),
          timed("b", "dense", 10.0), timed("b", "tvw", 20.0)});
  const Summary& best = find(report, "auto");
  CHECK(best.layers.at(0).executor == "cpu.tvw.test");  // csr is a baseline: nobody asked for it
  CHECK(best.layers.at(1).executor == "cpu.dense.test");
  CHECK(*best.over_dense.worst == Approx(1.0));
}

TEST_CASE("wrong and skipped rows enter no figure but are told", "[report]") {
  auto wrong =
      without_time(timed("a", "tvw", 0.001), RowStatus::kWrong, "wrong result: error of 1");
  auto skipped = without_time(timed("b", "tvw", 1.0), RowStatus::kSkipped, "f64 is not supported");
  const Report report = of({timed("a", "dense", 8.0), wrong, timed("b", "dense", 8.0), skipped});
  CHECK(report.wrong_rows == 1);
  CHECK(report.skipped_rows == 1);
  const Summary& tvw = find(report, "tvw");
  CHECK(tvw.over_dense.layers == 0);
  CHECK_FALSE(tvw.over_dense.geomean.has_value());
  CHECK_FALSE(tvw.total_us.has_value());
  CHECK(tvw.layers.at(0).note == "cpu.tvw.test: wrong result: error of 1");
}

TEST_CASE("cache states and M are apart; layers of fixed M join each", "[report]") {
  const Report report =
      of({timed("a", "dense", 8.0, "hot", 1), timed("a", "tvw", 4.0, "hot", 1),
          timed("a", "dense", 8.0, "hot", 64), timed("a", "tvw", 2.0, "hot", 64),
          timed("a", "dense", 8.0, "cold", 1), timed("a", "tvw", 8.0, "cold", 1),
          timed("a", "dense", 8.0, "cold", 64), timed("a", "tvw", 1.0, "cold", 64),
          timed("fc", "dense", 8.0, "hot", 7), timed("fc", "tvw", 8.0, "hot", 7)});
  CHECK(*find(report, "tvw", "hot", 1).over_dense.geomean == Approx(std::sqrt(2.0)));
  CHECK(*find(report, "tvw", "hot", 64).over_dense.geomean == Approx(2.0));
  CHECK(*find(report, "tvw", "cold", 64).over_dense.geomean == Approx(8.0));
  const Report images =
      of({timed("a", "dense", 8.0, "hot", 100), timed("a", "tvw", 4.0, "hot", 100),
          timed("b", "dense", 8.0, "hot", 50), timed("b", "tvw", 4.0, "hot", 50)});
  CHECK(find(images, "tvw", "hot", 0).layers.size() == 2);
}

TEST_CASE("products with an epilogue are compared with dense of the same", "[report]") {
  auto dense = timed("a", "dense", 9.0), tvw = timed("a", "tvw", 3.0);
  dense.epilogue = tvw.epilogue = "bias+gelu";
  const Report report = of({timed("a", "dense", 8.0), timed("a", "tvw", 2.0), dense, tvw});
  std::map<std::string, double> over_dense;
  for (const Summary& s : report.summaries) {
    if (s.pattern == "tvw") over_dense[s.epilogue] = s.over_dense.geomean.value();
  }
  CHECK(over_dense.size() == 2);
  CHECK(over_dense["none"] == Approx(4.0));
  CHECK(over_dense["bias+gelu"] == Approx(3.0));
  CHECK(render(report, Format::kMarkdown).find("M = 512, bias+gelu\n") != std::string::npos);
}

TEST_CASE("the best dense of all layouts is the baseline", "[report]") {
  auto feature = timed("a", "dense", 4.0);
  feature.layout = "feature";
  const Report report = of({timed("a", "dense", 8.0), feature, timed("a", "tvw", 4.0)});
  CHECK(*find(report, "tvw").over_dense.geomean == Approx(1.0));
}

TEST_CASE("where a layer breaks even is between the measurements about it", "[report]") {
  const auto at = [](record::BenchRow row, double sparsity) {
    row.target_sparsity = sparsity;
    row.sparsity = sparsity;
    return row;
  };
  const Report report = of(
      {timed("a", "dense", 8.0), at(timed("a", "tvw", 16.0), 0.5), at(timed("a", "tvw", 10.0), 0.6),
       at(timed("a", "tvw", 4.0), 0.7), timed("b", "dense", 8.0), at(timed("b", "tvw", 6.0), 0.5),
       at(timed("b", "tvw", 4.0), 0.7), timed("c", "dense", 8.0), at(timed("c", "tvw", 6.0), 0.5),
       at(timed("c", "tvw", 9.0), 0.7), timed("d", "dense", 8.0), at(timed("d", "tvw", 6.0), 0.5)});
  std::map<std::string, std::optional<double>> wins_from;
  for (const BreakEven& b : report.break_evens) {
    if (b.pattern == "tvw") wins_from.emplace(b.layer, b.wins_from);
  }
  REQUIRE(wins_from.size() == 3);  // d was measured once
  CHECK(*wins_from["a"] == Approx(0.6 + 0.1 * (1.0 - 0.8) / (2.0 - 0.8)));
  CHECK(*wins_from["b"] == Approx(0.5));
  CHECK_FALSE(wins_from["c"].has_value());
  CHECK_THAT(render(report, Format::kMarkdown), Catch::Contains("| always |"));
  CHECK_THAT(render(report, Format::kMarkdown), Catch::Contains("| never |"));
  CHECK_THAT(render(report, Format::kHtml), Catch::Contains("<td>always</td>"));
  CHECK_THAT(render(report, Format::kHtml), Catch::Contains("<td>never</td>"));
}

TEST_CASE("an empty record is an empty report, and every format renders", "[report]") {
  const Report empty = of({});
  CHECK(empty.summaries.empty());
  auto row = timed("a|b,\"<c>", "tvw", 2.0);
  const Report full = of({timed("a|b,\"<c>", "dense", 3.0), row});
  for (const Format format : {Format::kJson, Format::kMarkdown, Format::kCsv, Format::kHtml}) {
    CHECK_FALSE(render(empty, format).empty());
    CHECK_FALSE(render(full, format).empty());
  }
  CHECK(render(full, Format::kMarkdown).find("a\\|b") != std::string::npos);
  CHECK(render(full, Format::kCsv).find("\"a|b,\"\"<c>\"") != std::string::npos);
  CHECK(render(full, Format::kHtml).find("<c>") == std::string::npos);
  CHECK_THROWS_AS((void)parse_format("xml"), Error);
}
