#include "bench/timing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bench/fake_device.hpp"
#include "support/catch.hpp"

using namespace tvw;
using namespace tvw::bench;
using test::FakeDevice;

namespace {

StoppingRule exactly(size_t samples) { return {samples, samples, 0.0, 0.0}; }

Timed constant(FakeDevice& device, const std::string& name, double time_us) {
  return {name, [&device, name, time_us] { device.spend(name, time_us); }, 1, {}};
}

}  // namespace

TEST_CASE("cold: every sample is one run behind a flush, in rounds that turn", "[bench]") {
  FakeDevice device;
  std::vector<Timed> contestants = {constant(device, "A", 10.0), constant(device, "B", 20.0),
                                    constant(device, "C", 40.0)};
  time_interleaved(device, contestants, CacheState::kCold, exactly(4), 200.0);
  const std::vector<std::string> expected = {"flush", "A*1", "flush", "B*1", "flush", "C*1",  //
                                             "flush", "B*1", "flush", "C*1", "flush", "A*1",  //
                                             "flush", "C*1", "flush", "A*1", "flush", "B*1",  //
                                             "flush", "A*1", "flush", "B*1", "flush", "C*1"};
  CHECK(device.log == expected);
  CHECK(contestants[0].samples_us == std::vector<double>(4, 10.0));
  CHECK(contestants[2].samples_us == std::vector<double>(4, 40.0));
  CHECK(contestants[2].repeats == 1);
}

TEST_CASE("cold: what runs after the flush is not timed", "[bench]") {
  FakeDevice device;
  std::vector<Timed> contestants = {constant(device, "A", 10.0)};
  contestants[0].after_flush = [&device] { device.spend("before", 70.0); };
  time_interleaved(device, contestants, CacheState::kCold, exactly(2), 200.0);
  CHECK(device.log == std::vector<std::string>{"flush", "before", "A*1", "flush", "before", "A*1"});
  CHECK(contestants[0].samples_us == std::vector<double>(2, 10.0));
  device.log.clear();
  time_interleaved(device, contestants, CacheState::kHot, exactly(1), 10.0);
  CHECK(std::ranges::count(device.log, "before") == 0);
}

TEST_CASE("hot: an untimed run before each sample, which repeats until it is long enough",
          "[bench]") {
  FakeDevice device;
  std::vector<Timed> contestants = {constant(device, "A", 50.0), constant(device, "B", 300.0)};
  time_interleaved(device, contestants, CacheState::kHot, exactly(2), 200.0);
  CHECK(contestants[0].repeats == 4);
  CHECK(contestants[1].repeats == 1);
  const std::vector<std::string> expected = {"A*1", "A*1", "A*1", "A*1", "A*1",  // how many repeats
                                             "B*1", "B*1",                       //
                                             "A*1", "A*4", "B*1", "B*1",         //
                                             "B*1", "B*1", "A*1", "A*4"};        //
  CHECK(device.log == expected);
  CHECK(contestants[0].samples_us == std::vector<double>{50.0, 50.0});  // per run
}

TEST_CASE("hot: samples are long enough for who gets faster", "[bench]") {
  FakeDevice device;
  int run = 0;
  std::vector<Timed> contestants = {
      {"warms up", [&] { device.spend("warms up", run++ < 3 ? 80.0 : 10.0); }, 1, {}}};
  time_interleaved(device, contestants, CacheState::kHot, exactly(2), 200.0);
  CHECK(contestants[0].repeats == 20);
}

TEST_CASE("sampling ends when every contestant is known well enough", "[bench]") {
  FakeDevice device;
  int run = 0;
  std::vector<Timed> contestants = {constant(device, "A", 10.0)};
  const StoppingRule rule{10, 50, 0.005, 1e9};
  time_interleaved(device, contestants, CacheState::kCold, rule, 200.0);
  CHECK(contestants[0].samples_us.size() == 10);
  contestants.push_back({"noisy", [&] { device.spend("noisy", 5.0 + (run++ * 7) % 11); }, 1, {}});
  time_interleaved(device, contestants, CacheState::kCold, rule, 200.0);
  CHECK(contestants[0].samples_us.size() == 50);
  CHECK(contestants[1].samples_us.size() == 50);
}

TEST_CASE("who has a time that is none leaves, the others go on", "[bench]") {
  FakeDevice device;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, -1.0, nan, infinity}) {
    for (const CacheState cache : {CacheState::kHot, CacheState::kCold}) {
      FakeDevice broken;
      std::vector<Timed> contestants = {constant(broken, "A", bad), constant(broken, "B", 5.0)};
      time_interleaved(broken, contestants, cache, exactly(2), 200.0);
      CHECK_THAT(contestants[0].failure, Catch::Contains("expected a finite one above 0"));
      CHECK(contestants[0].samples_us.empty());
      if (!std::isfinite(bad)) continue;  // the script's clock is of no use any more
      CHECK(contestants[1].failure.empty());
      CHECK(contestants[1].samples_us.size() == 2);
    }
  }
  CHECK_NOTHROW(time_interleaved(device, {}, CacheState::kHot, exactly(2), 200.0));
}
