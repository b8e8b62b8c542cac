/// @file When enough samples were taken.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tvw::bench {

struct StoppingRule {
  size_t min_samples = 10;  ///< of each contestant, whatever the time
  size_t max_samples = 1000;
  /// Enough when the median of every contestant is known this well (record::relative_error: its
  /// MAD over sqrt(n), as MAD alone does not shrink with n).
  double max_relative_error = 0.005;
  double time_budget_s = 4.0;  ///< spent: stop once min_samples are there
};

enum class StopReason { kContinue, kPrecise, kTimeSpent, kMaxSamples };

/// `samples[i]` are those of contestant i, all of the same length. Pure.
[[nodiscard]] StopReason should_stop(const StoppingRule& rule,
                                     std::span<const std::vector<double>> samples,
                                     double elapsed_s);

}  // namespace tvw::bench
