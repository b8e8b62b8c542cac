/// @file What the figures of a record mean: pure functions over samples.
#pragma once

#include <optional>
#include <span>

namespace tvw::record {

/// Middle value; mean of the two middle ones for an even count. nullopt for no samples.
[[nodiscard]] std::optional<double> median(std::span<const double> samples);

/// Median of |x - median|, not scaled. One sample gives 0: it says nothing about the spread, ask
/// for relative_error() instead. nullopt for no samples.
[[nodiscard]] std::optional<double> median_absolute_deviation(std::span<const double> samples);

/// Standard error of the median relative to it, 1.2533 * 1.4826 * MAD / sqrt(n) / median, which
/// is what a normal distribution with that MAD has. nullopt below 5 samples or for a median of 0.
[[nodiscard]] std::optional<double> relative_error(std::span<const double> samples);

/// The same from a median, a MAD and a count that are already known.
[[nodiscard]] std::optional<double> relative_error(double median, double mad, size_t count);

/// nth root of the product. nullopt for no values.
/// @throws Error kInvalidArgument a value is not finite or not above 0
[[nodiscard]] std::optional<double> geometric_mean(std::span<const double> values);

/// Median of numerator[i] / denominator[i]: what is timed in the same round shares its noise.
/// nullopt for no samples. Pairs end with the shorter of the two.
/// @throws Error kInvalidArgument a denominator is not above 0
[[nodiscard]] std::optional<double> paired_ratio(std::span<const double> numerator,
                                                 std::span<const double> denominator);

}  // namespace tvw::record
