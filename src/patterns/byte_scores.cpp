#include "patterns/byte_scores.hpp"

#include <algorithm>

#include "patterns/byte_kernels.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::patterns {
namespace {

constexpr int64_t kSamples = 1 << 14;

/// The score that becomes 255: a high quantile of evenly spread samples, 0 only if all scores are.
float ceiling_of(MatrixView<const float> scores) {
  const int64_t step = std::max<int64_t>(1, scores.size() / kSamples) | 1;
  std::vector<float> samples;
  for (int64_t i = 0; i < scores.size(); i += step) {
    samples.push_back(scores(i / scores.cols, i % scores.cols));
  }
  // Below the largest even of a few samples, since that may be a giant.
  const auto count = static_cast<int64_t>(samples.size());
  const auto rank = samples.begin() + std::clamp<int64_t>(count - 2, 0, count * 999 / 1000);
  std::nth_element(samples.begin(), rank, samples.end());
  if (*rank > 0.0F) return *rank;
  float largest = 0.0F;  // nearly all are zero
  for (int64_t k = 0; k < scores.rows; ++k) {
    largest = std::max(largest, *std::max_element(scores.row(k), scores.row(k) + scores.cols));
  }
  return largest;
}

}  // namespace

ByteScores quantise(MatrixView<const float> scores) {
  ByteScores bytes{scores.rows, scores.cols, round_up(scores.cols, kLane), {}};
  bytes.values.assign(static_cast<size_t>(bytes.K * bytes.ld), 0);
  const float ceiling = ceiling_of(scores);
  if (ceiling <= 0.0F) return bytes;
  parallel_for(bytes.K, [&](int64_t k) {
    const float* from = scores.row(k);
    uint8_t* to = bytes.values.data() + k * bytes.ld;
    for (int64_t n = 0; n < bytes.N; ++n) {
      to[n] =
          static_cast<uint8_t>(static_cast<int>(std::min(from[n] / ceiling, 1.0F) * 255.0F + 0.5F));
    }
  });
  return bytes;
}

std::vector<uint8_t> gather_columns(const ByteScores& scores, const std::vector<int32_t>& columns,
                                    int64_t width) {
  std::vector<uint8_t> tile(static_cast<size_t>(scores.K * width), 0);
  for (int64_t k = 0; k < scores.K; ++k) {
    const uint8_t* from = scores.row(k);
    uint8_t* to = tile.data() + k * width;
    for (size_t c = 0; c < columns.size(); ++c) to[c] = from[columns[c]];
  }
  return tile;
}

}  // namespace tvw::patterns
