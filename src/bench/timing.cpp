#include "bench/timing.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "bench/failure.hpp"
#include "tvw/core/error.hpp"

namespace tvw::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostRepeats = 10'000;

double checked_time_us(kernels::Device& device, const Timed& contestant, int repeats) {
  const double time_us = device.time_us(contestant.launch, repeats);
  if (!std::isfinite(time_us) || time_us <= 0.0) {
    throw Error(ErrorCode::kNonFinite, contestant.name + " on " + device.id() + ": got a time of " +
                                           std::to_string(time_us) +
                                           " us, expected a finite one above 0");
  }
  return time_us / repeats;
}

/// By the fastest of as many single runs as make a sample: the first ones find caches, clocks and
/// threads as others left them.
int repeats_for(kernels::Device& device, const Timed& contestant, double min_sample_us) {
  (void)device.time_us(contestant.launch, 1);  // pays for page faults
  double fastest_us = std::numeric_limits<double>::infinity(), all_us = 0.0;
  while (all_us < min_sample_us) {
    const double one_us = checked_time_us(device, contestant, 1);
    fastest_us = std::min(fastest_us, one_us);
    all_us += one_us;
  }
  const double repeats = std::ceil(min_sample_us / fastest_us);
  return static_cast<int>(std::clamp(repeats, 1.0, double{kMostRepeats}));
}

}  // namespace

void time_interleaved(kernels::Device& device, std::span<Timed> contestants, CacheState cache,
                      const StoppingRule& rule, double min_sample_us) {
  const bool hot = cache == CacheState::kHot;
  std::vector<Timed*> running;
  const auto leaves = [](Timed& contestant, const std::optional<std::string>& failure) {
    contestant.failure = failure.value_or("");
    return failure.has_value();
  };
  for (Timed& contestant : contestants) {
    contestant.samples_us.clear();
    const auto failure = failure_of([&] {
      contestant.repeats =
          hot ? repeats_for(device, contestant, min_sample_us) : std::max(1, contestant.rotation);
    });
    if (!leaves(contestant, failure)) running.push_back(&contestant);
  }
  std::vector<std::vector<double>> samples(running.size());
  const auto start = Clock::now();
  for (size_t round = 0; !running.empty(); ++round) {
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
    if (should_stop(rule, samples, elapsed_s) != StopReason::kContinue) break;
    const size_t count = running.size();
    for (size_t turn = 0; turn < count; ++turn) {
      const size_t i = (round + turn) % count;
      Timed& contestant = *running[i];
      const auto failure = failure_of([&] {
        if (hot) {
          (void)device.time_us(contestant.launch, 1);
        } else if (contestant.rotation == 0) {
          device.flush_cache();
          if (contestant.after_flush) contestant.after_flush();
        }
        samples[i].push_back(checked_time_us(device, contestant, contestant.repeats));
      });
      if (leaves(contestant, failure)) samples[i].clear();
    }
    const auto left = [](const Timed* contestant) { return !contestant->failure.empty(); };
    std::erase_if(samples, [](const std::vector<double>& of_one) { return of_one.empty(); });
    std::erase_if(running, left);
  }
  for (size_t i = 0; i < running.size(); ++i) running[i]->samples_us = std::move(samples[i]);
}

}  // namespace tvw::bench
