#include "bench/random_values.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::bench {
namespace {

constexpr int64_t kChunk = 1 << 16;  // even: values are made in pairs

/// In (0, 1): never 0, whose logarithm is infinite.
double unit(uint64_t bits) { return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53; }

}  // namespace

uint64_t mix(uint64_t seed, uint64_t index) {
  uint64_t x = seed + (index + 1) * 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

std::vector<float> normal_values(int64_t count, uint64_t seed, double deviation) {
  std::vector<float> values(static_cast<size_t>(count));
  parallel_for(parts_of(count, kChunk), [&](int64_t chunk) {
    const int64_t end = std::min(count, (chunk + 1) * kChunk);
    for (int64_t i = chunk * kChunk; i < end; i += 2) {  // Box-Muller
      const auto at = static_cast<uint64_t>(i);
      const double radius = deviation * std::sqrt(-2.0 * std::log(unit(mix(seed, at))));
      const double angle = 2.0 * std::numbers::pi * unit(mix(seed, at + 1));
      values[static_cast<size_t>(i)] = static_cast<float>(radius * std::cos(angle));
      if (i + 1 < end)
        values[static_cast<size_t>(i + 1)] = static_cast<float>(radius * std::sin(angle));
    }
  });
  return values;
}

}  // namespace tvw::bench
