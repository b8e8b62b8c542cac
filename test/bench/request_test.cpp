#include "tvw/bench/request.hpp"

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

using namespace tvw;
using namespace tvw::bench;

TEST_CASE("cache states and layouts by name", "[bench]") {
  CHECK(parse_cache_states("hot") == std::vector{CacheState::kHot});
  CHECK(parse_cache_states("both").size() == 2);
  CHECK(parse_layouts("feature") == std::vector{kernels::Layout::kFeatureMajor});
  CHECK(parse_layouts("both").size() == 2);
  CHECK_THROWS_AS((void)parse_cache_states("warm"), Error);
  CHECK_THROWS_AS((void)parse_layouts("row"), Error);
}

TEST_CASE("epilogues by name", "[bench]") {
  using kernels::Activation;
  CHECK(parse_epilogue("none") == EpilogueChoice{});
  CHECK(parse_epilogue("bias") == EpilogueChoice{true, false, Activation::kNone});
  CHECK(parse_epilogue("gelu-tanh") == EpilogueChoice{false, false, Activation::kGeluTanh});
  CHECK(parse_epilogue("bias+gelu") == EpilogueChoice{true, false, Activation::kGeluErf});
  CHECK(parse_epilogue("add") == EpilogueChoice{false, true, Activation::kNone});
  CHECK(parse_epilogue("bias+add+relu") == EpilogueChoice{true, true, Activation::kRelu});
  for (const char* text : {"", "gelu+bias", "bias+", "add+bias", "bias+relu+add", "swish"}) {
    CHECK_THROWS_AS((void)parse_epilogue(text), Error);
  }
}

TEST_CASE("dense is no subject: it always runs", "[bench]") {
  CHECK(parse_subjects("dense").empty());
  const auto subjects = parse_subjects("tvw:g=64,nm=2:4,dense,2:4");
  REQUIRE(subjects.size() == 2);
  CHECK(subjects[0].kind == PatternKind::kTvw);
  CHECK(subjects[1].kind == PatternKind::kNm);
  CHECK_THROWS_AS((void)parse_subjects(""), Error);
  CHECK_THROWS_AS((void)parse_subjects("tvx"), Error);
}

TEST_CASE("baselines are block and unstructured unless said otherwise", "[bench]") {
  CHECK(parse_baselines("none").empty());
  CHECK(parse_baselines("block,csr") == default_baselines(kernels::DeviceKind::kCpu));
  CHECK(default_baselines(kernels::DeviceKind::kCuda).size() == 5);
  const PatternSpec gpu = default_pattern(kernels::DeviceKind::kCuda);
  CHECK(parse_subjects("tvw", gpu).front().granularity == 256);
  CHECK(parse_subjects("tvw:g=64", gpu).front().granularity == 64);
  CHECK(parse_subjects("tvw").front().granularity == 64);
  CHECK(parse_baselines("tw", gpu).front().granularity == 256);
  CHECK(BenchRequest{}.patterns.at(0).kind == PatternKind::kTvw);
}
