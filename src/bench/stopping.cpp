#include "tvw/bench/stopping.hpp"

#include <algorithm>

#include "tvw/record/statistics.hpp"

namespace tvw::bench {

StopReason should_stop(const StoppingRule& rule, std::span<const std::vector<double>> samples,
                       double elapsed_s) {
  if (samples.empty()) return StopReason::kPrecise;
  const size_t count = samples.front().size();
  if (count < rule.min_samples) return StopReason::kContinue;
  if (count >= rule.max_samples) return StopReason::kMaxSamples;
  if (elapsed_s >= rule.time_budget_s) return StopReason::kTimeSpent;
  const bool precise = std::ranges::all_of(samples, [&](const std::vector<double>& of_one) {
    const auto error = record::relative_error(of_one);
    return error && *error <= rule.max_relative_error;
  });
  return precise ? StopReason::kPrecise : StopReason::kContinue;
}

}  // namespace tvw::bench
