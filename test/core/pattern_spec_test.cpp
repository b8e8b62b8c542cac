#include "tvw/core/pattern_spec.hpp"

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

TEST_CASE("pattern specs round trip", "[core]") {
  for (const char* text : {"ew", "2:4", "1:4", "1:2", "4:8", "block:b=32", "tw:g=128",
                           "tvw:g=64,nm=2:4", "tvw:g=256,nm=1:4"}) {
    CAPTURE(text);
    CHECK(to_string(parse_pattern(text)) == text);
    CHECK(parse_pattern(to_string(parse_pattern(text))) == parse_pattern(text));
  }
  CHECK(to_string(parse_pattern("tvw")) == "tvw:g=64,nm=2:4");
  CHECK(to_string(parse_pattern("csr")) == "ew");
  CHECK(to_string(parse_pattern("bw:b=16")) == "block:b=16");
}

TEST_CASE("a list of patterns keeps parameters with their pattern", "[core]") {
  const auto specs = parse_patterns("tvw:g=128,nm=1:4,tw,2:4,block:b=16,csr");
  REQUIRE(specs.size() == 5);
  CHECK(to_string(specs[0]) == "tvw:g=128,nm=1:4");
  CHECK(to_string(specs[1]) == "tw:g=64");
  CHECK(to_string(specs[2]) == "2:4");
  CHECK(to_string(specs[3]) == "block:b=16");
  CHECK(to_string(specs[4]) == "ew");
}

TEST_CASE("wrong pattern specs are usage errors that help", "[core]") {
  CHECK_THROWS_WITH(parse_pattern("tvv"), Catch::Contains("did you mean 'tvw'"));
  CHECK_THROWS_WITH(parse_pattern("blok"), Catch::Contains("did you mean 'block'"));
  CHECK_THROWS_WITH(parse_pattern("tvw:q=3"), Catch::Contains("parameter 'q'"));
  for (const char* text :
       {"", "tvw:", "tvw:g", "tvw:g=0", "tvw:g=-1", "tvw:g=99999999999999999999", "tw:nm=2:4",
        "5:4", "0:4", "2:4:8", ":", "2:", "tvw:nm=24", "ew:x=1", "tvw:g=64,,"}) {
    CAPTURE(text);
    try {
      static_cast<void>(parse_pattern(text));
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
    }
  }
}

TEST_CASE("the ratio of 2:4 decides its sparsity", "[core]") {
  CHECK(effective_target(parse_pattern("2:4"), Sparsity(0.75)).value() == 0.5);
  CHECK(effective_target(parse_pattern("tw"), Sparsity(0.3)).value() == 0.3);
  CHECK(effective_target(parse_pattern("tvw"), Sparsity(0.5)).value() == 0.5);
  CHECK_THROWS_AS(effective_target(parse_pattern("tvw"), Sparsity(0.4)), Error);
}

}  // namespace
}  // namespace tvw
