#include "tvw/record/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tvw/core/error.hpp"

namespace tvw::record {
namespace {

/// Standard error of the median of normal samples, in units of MAD / sqrt(n): sqrt(pi/2) * 1.4826.
constexpr double kMedianErrorPerMad = 1.2533141 * 1.4826022;

double median_in_place(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace

std::optional<double> median(std::span<const double> samples) {
  if (samples.empty()) return std::nullopt;
  std::vector<double> values(samples.begin(), samples.end());
  return median_in_place(values);
}

std::optional<double> median_absolute_deviation(std::span<const double> samples) {
  const std::optional<double> middle = median(samples);
  if (!middle) return std::nullopt;
  std::vector<double> deviations;
  deviations.reserve(samples.size());
  for (const double sample : samples) deviations.push_back(std::abs(sample - *middle));
  return median_in_place(deviations);
}

std::optional<double> relative_error(double median, double mad, size_t count) {
  if (count < 5 || median == 0.0) return std::nullopt;
  return kMedianErrorPerMad * mad / std::sqrt(static_cast<double>(count)) / std::abs(median);
}

std::optional<double> relative_error(std::span<const double> samples) {
  if (samples.size() < 5) return std::nullopt;
  return relative_error(*median(samples), *median_absolute_deviation(samples), samples.size());
}

std::optional<double> geometric_mean(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  double sum = 0.0;
  for (const double value : values) {
    if (!std::isfinite(value) || value <= 0.0) {
      throw Error(ErrorCode::kInvalidArgument, "geometric mean: got " + std::to_string(value) +
                                                   ", expected finite values above 0");
    }
    sum += std::log(value);
  }
  return std::exp(sum / static_cast<double>(values.size()));
}

std::optional<double> paired_ratio(std::span<const double> numerator,
                                   std::span<const double> denominator) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(numerator.size(), denominator.size()); ++i) {
    if (!(denominator[i] > 0.0)) {
      throw Error(ErrorCode::kInvalidArgument, "paired ratio: got a denominator of " +
                                                   std::to_string(denominator[i]) +
                                                   ", expected one above 0");
    }
    ratios.push_back(numerator[i] / denominator[i]);
  }
  if (ratios.empty()) return std::nullopt;
  return median_in_place(ratios);
}

}  // namespace tvw::record
