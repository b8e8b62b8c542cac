#include "bench/timing.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

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

int repeats_for(kernels::Device& device, const Timed& contestant, double min_sample_us) {
  (void)device.time_us(contestant.launch, 1);  // the first run pays for page faults and clocks
  const double one_us = checked_time_us(device, contestant, 1);
  return static_cast<int>(std::clamp(std::ceil(min_sample_us / one_us), 1.0, double{kMostRepeats}));
}

}  // namespace

void time_interleaved(kernels::Device& device, std::span<Timed> contestants, CacheState cache,
                      const StoppingRule& rule, double min_sample_us) {
  if (contestants.empty()) return;
  const bool hot = cache == CacheState::kHot;
  for (Timed& contestant : contestants) {
    contestant.samples_us.clear();
    contestant.repeats =
        hot ? repeats_for(device, contestant, min_sample_us) : std::max(1, contestant.rotation);
  }
  std::vector<std::vector<double>> samples(contestants.size());
  const auto start = Clock::now();
  for (size_t round = 0;; ++round) {
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
    if (should_stop(rule, samples, elapsed_s) != StopReason::kContinue) break;
    for (size_t turn = 0; turn < contestants.size(); ++turn) {
      const size_t i = (round + turn) % contestants.size();
      if (hot) {
        (void)device.time_us(contestants[i].launch, 1);
      } else if (contestants[i].rotation == 0) {
        device.flush_cache();
        if (contestants[i].after_flush) contestants[i].after_flush();
      }
      samples[i].push_back(checked_time_us(device, contestants[i], contestants[i].repeats));
    }
  }
  for (size_t i = 0; i < contestants.size(); ++i) contestants[i].samples_us = std::move(samples[i]);
}

}  // namespace tvw::bench
