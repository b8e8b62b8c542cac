/// @file Seeded random numbers that do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

namespace tvw::bench {

/// A well-mixed function of its arguments (splitmix64), for seeds of seeds.
[[nodiscard]] uint64_t mix(uint64_t seed, uint64_t index);

/// Normal values with mean 0 and the given standard deviation; value i depends on seed and i alone.
[[nodiscard]] std::vector<float> normal_values(int64_t count, uint64_t seed, double deviation);

}  // namespace tvw::bench
