#include "tvw/report/compare.hpp"

#include "report/rows.hpp"
#include "support/catch.hpp"
#include "tvw/core/error.hpp"

using namespace tvw;
using namespace tvw::report;
using record::RowStatus;
using test::named;
using test::timed;
using test::without_time;

TEST_CASE("a run compared with itself is the same in every row", "[report]") {
  const NamedRecord run =
      named({timed("a", "dense", 8.0), timed("a", "tvw", 2.0), timed("a", "tvw", 3.0, "cold"),
             without_time(timed("b", "tvw", 1.0), RowStatus::kSkipped, "no")});
  const Comparison comparison = compare(run, run);
  CHECK(comparison.rows.size() == 3);
  CHECK(comparison.same == 3);
  CHECK(comparison.faster + comparison.slower == 0);
  CHECK(comparison.missing.empty());
  CHECK(*comparison.geomean_ratio == Approx(1.0));
}

TEST_CASE("faster and slower need more than the noise of both runs and 2 %", "[report]") {
  const auto verdict = [](record::BenchRow base, record::BenchRow current) {
    return compare(named({std::move(base)}), named({std::move(current)})).rows.at(0).verdict;
  };
  CHECK(verdict(timed("a", "tvw", 10.0), timed("a", "tvw", 8.0)) == Verdict::kFaster);
  CHECK(verdict(timed("a", "tvw", 10.0), timed("a", "tvw", 12.0)) == Verdict::kSlower);
  CHECK(verdict(timed("a", "tvw", 10.0), timed("a", "tvw", 10.15)) == Verdict::kSame);
  auto noisy = timed("a", "tvw", 12.0);
  noisy.mad_us = 3.0;
  CHECK(verdict(timed("a", "tvw", 10.0), noisy) == Verdict::kSame);
  auto few = timed("a", "tvw", 12.0);  // 2 samples: the whole MAD counts
  few.samples_us = {11.0, 13.0};
  few.mad_us = 1.0;
  CHECK(verdict(timed("a", "tvw", 10.0), few) == Verdict::kSame);
}

TEST_CASE("rows that only one run has are listed with the reason", "[report]") {
  const auto skipped = without_time(timed("b", "tvw", 1.0), RowStatus::kSkipped, "out of memory");
  const Comparison comparison = compare(named({timed("a", "tvw", 1.0), timed("b", "tvw", 1.0)}),
                                        named({skipped, timed("c", "tvw", 1.0)}));
  CHECK(comparison.rows.empty());
  CHECK_FALSE(comparison.geomean_ratio.has_value());
  REQUIRE(comparison.missing.size() == 3);
  CHECK(comparison.missing[0].reason == "not in the run");
  CHECK(comparison.missing[1].reason == "out of memory");
  CHECK(comparison.missing[1].in_base);
  CHECK_FALSE(comparison.missing[2].in_base);
}

TEST_CASE("cold is compared with what was made cold in the same way", "[report]") {
  auto base = timed("a", "tvw", 1.0, "cold"), current = timed("a", "tvw", 2.0, "cold");
  base.cold_by = "flush";
  current.cold_by = "flush, layer before";
  const Comparison comparison = compare(named({base}), named({current}));
  CHECK(comparison.rows.empty());
  REQUIRE(comparison.missing.size() == 2);
  CHECK(comparison.missing[0].reason == "cold by another way: flush, layer before");
  CHECK(comparison.missing[1].reason == "cold by another way: flush");
  current.cold_by = "flush";
  CHECK(compare(named({base}), named({current})).rows.size() == 1);
}

TEST_CASE("with another epilogue it is another row", "[report]") {
  auto gelu = timed("a", "tvw", 1.0);
  gelu.epilogue = "gelu";
  const Comparison comparison = compare(named({timed("a", "tvw", 1.0)}), named({gelu}));
  CHECK(comparison.rows.empty());
  CHECK(comparison.missing.size() == 2);
}

TEST_CASE("a run that holds a row twice is refused", "[report]") {
  const NamedRecord twice = named({timed("a", "tvw", 1.0), timed("a", "tvw", 1.0)});
  CHECK_THROWS_AS((void)compare(twice, twice), Error);
}

TEST_CASE("a layer's name is no formula in csv, a number stays one", "[report]") {
  const NamedRecord run =
      named({timed("=1+1", "tvw", 2.0), timed("@a,b", "tvw", 2.0), timed("-0.5", "tvw", 2.0)});
  const std::string csv = render(compare(run, run), Format::kCsv);
  CHECK(csv.find(",'=1+1,") != std::string::npos);
  CHECK(csv.find(",\"'@a,b\",") != std::string::npos);
  CHECK(csv.find(",-0.5,") != std::string::npos);
}

TEST_CASE("comparisons render as json, md and csv", "[report]") {
  const NamedRecord run = named({timed("a", "tvw", 2.0)});
  const Comparison comparison = compare(run, run);
  CHECK(render(comparison, Format::kJson).find("\"verdict\": \"same\"") != std::string::npos);
  CHECK(render(comparison, Format::kMarkdown).find("| same |") != std::string::npos);
  CHECK(render(comparison, Format::kCsv).find(",same\n") != std::string::npos);
  CHECK_THROWS_AS((void)render(comparison, Format::kHtml), Error);
}
