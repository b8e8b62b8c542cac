#include "tvw/record/environment.hpp"

#include "support/catch.hpp"
#include "tvw/core/version.hpp"

using namespace tvw;

TEST_CASE("the environment says what it can find out", "[record]") {
  const record::Environment environment = record::collect_environment({{"oneDNN", "2.7.2"}});
  CHECK(environment.tool_version == version());
  CHECK(environment.time_utc.size() == 20);
  CHECK(environment.time_utc.back() == 'Z');
  CHECK(environment.threads >= 1);
  CHECK(environment.memory_bytes > 0);
  CHECK_FALSE(environment.kernel.empty());
  CHECK_FALSE(environment.compiler.empty());
  REQUIRE(environment.libraries.size() == 1);
  CHECK(environment.libraries[0].second == "2.7.2");
}

TEST_CASE("the last-level cache is the largest one", "[record]") {
  record::Environment environment;
  CHECK(record::last_level_cache_bytes(environment) == 0);
  environment.caches = {{"L1d", 32768}, {"L3", 1 << 25}, {"L2", 1 << 20}};
  CHECK(record::last_level_cache_bytes(environment) == 1 << 25);
}
