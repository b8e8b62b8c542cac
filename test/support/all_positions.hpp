/// @file Every output of a small problem, to be compared with the reference.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/kernels/reference.hpp"

namespace tvw::test {

inline std::vector<kernels::OutputPosition> all_positions(int64_t M, int64_t N) {
  std::vector<kernels::OutputPosition> positions;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) positions.push_back({m, n});
  }
  return positions;
}

}  // namespace tvw::test
