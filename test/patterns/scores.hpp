/// @file Score matrices of many kinds, seeded.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tvw/core/matrix_view.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::test {

struct Scores {
  int64_t K = 0;
  int64_t N = 0;
  std::vector<float> values;

  [[nodiscard]] MatrixView<const float> view() const { return {values.data(), K, N}; }
};

/// "normal": squares of normal values; "zero", "equal": all the same; "spike": one is huge;
/// "ties": few different values; "columns": columns of very different size.
inline Scores make_scores(int64_t K, int64_t N, const std::string& kind, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Scores scores{K, N, std::vector<float>(static_cast<size_t>(K * N))};
  for (int64_t k = 0; k < K; ++k) {
    for (int64_t n = 0; n < N; ++n) {
      float& value = scores.values[static_cast<size_t>(k * N + n)];
      const float z = normal(generator);
      value = z * z;
      if (kind == "zero") value = 0.0F;
      if (kind == "equal") value = 1.0F;
      if (kind == "spike") value = k == K / 2 && n == N / 2 ? 1e30F : 1e-30F;
      if (kind == "ties") value = static_cast<float>(generator() % 3);
      if (kind == "columns") value *= std::exp2(static_cast<float>(n % 7 * 3));
    }
  }
  return scores;
}

inline const std::vector<std::string>& score_kinds() {
  static const std::vector<std::string> kKinds{"normal", "zero", "equal",
                                               "spike",  "ties", "columns"};
  return kKinds;
}

}  // namespace tvw::test
