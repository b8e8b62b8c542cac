#include "tvw/patterns/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::patterns {

std::vector<float> magnitude_scores(const DenseMatrix& weight, std::string_view name) {
  std::vector<float> scores = weight.values.to_f32();
  std::vector<int64_t> bad_column(static_cast<size_t>(weight.K), -1);  // first of each row
  parallel_for(weight.K, [&](int64_t k) {
    float* row = scores.data() + k * weight.N;
    const float* bad = std::find_if(row, row + weight.N, [](float w) { return !std::isfinite(w); });
    if (bad != row + weight.N) {
      bad_column[static_cast<size_t>(k)] = bad - row;
      return;  // the row stays as it is, for the message
    }
    for (int64_t n = 0; n < weight.N; ++n) {
      row[n] = std::min(row[n] * row[n], std::numeric_limits<float>::max());
    }
  });
  for (int64_t k = 0; k < weight.K; ++k) {
    const int64_t n = bad_column[static_cast<size_t>(k)];
    if (n < 0) continue;
    const char* what = std::isnan(scores[static_cast<size_t>(k * weight.N + n)]) ? "NaN" : "Inf";
    throw Error(ErrorCode::kNonFinite, "weight '" + std::string(name) + "' has " + what + " at [" +
                                           std::to_string(k) + ", " + std::to_string(n) +
                                           "], expected finite numbers");
  }
  return scores;
}

double mean_score(MatrixView<const float> scores) {
  if (scores.size() == 0) return 0.0;
  std::vector<double> rows(static_cast<size_t>(scores.rows), 0.0);
  parallel_for(scores.rows, [&](int64_t k) {
    for (int64_t n = 0; n < scores.cols; ++n) rows[static_cast<size_t>(k)] += scores(k, n);
  });
  double sum = 0.0;
  for (const double row : rows) sum += row;
  return sum / static_cast<double>(scores.size());
}

Mask nonzero_mask(const DenseMatrix& weight) {
  const std::vector<float> values = weight.values.to_f32();
  Mask mask(weight.K, weight.N, false);
  for (int64_t k = 0; k < weight.K; ++k) {
    for (int64_t n = 0; n < weight.N; ++n) {
      if (values[static_cast<size_t>(k * weight.N + n)] != 0.0f) mask.keep(k, n);
    }
  }
  return mask;
}

}  // namespace tvw::patterns
