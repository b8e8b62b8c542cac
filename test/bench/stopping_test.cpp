#include "tvw/bench/stopping.hpp"

#include "support/catch.hpp"

using namespace tvw::bench;

namespace {

std::vector<double> spread(size_t count, double deviation) {
  std::vector<double> samples;
  for (size_t i = 0; i < count; ++i) samples.push_back(i % 2 == 0 ? 100.0 : 100.0 + deviation);
  return samples;
}

StopReason ask(const StoppingRule& rule, std::vector<std::vector<double>> samples,
               double elapsed_s) {
  return should_stop(rule, samples, elapsed_s);
}

}  // namespace

TEST_CASE("when sampling stops", "[bench]") {
  const StoppingRule rule{10, 100, 0.005, 2.0};
  CHECK(ask(rule, {}, 0.0) == StopReason::kPrecise);
  // Never before the least number of samples, whatever the time.
  CHECK(ask(rule, {spread(9, 0.0)}, 1e6) == StopReason::kContinue);
  CHECK(ask(rule, {spread(10, 0.0)}, 0.0) == StopReason::kPrecise);
  // The least certain one decides.
  CHECK(ask(rule, {spread(10, 0.0), spread(10, 20.0)}, 0.0) == StopReason::kContinue);
  CHECK(ask(rule, {spread(10, 0.0), spread(10, 20.0)}, 2.0) == StopReason::kTimeSpent);
  CHECK(ask(rule, {spread(100, 20.0)}, 0.0) == StopReason::kMaxSamples);
}
