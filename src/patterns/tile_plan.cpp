#include "patterns/tile_plan.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "patterns/byte_kernels.hpp"
#include "patterns/tile_rows.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::patterns {
namespace {

std::vector<int64_t> cut(int64_t columns, int64_t granularity) {
  std::vector<int64_t> widths;
  for (int64_t n = 0; n < columns; n += granularity) {
    widths.push_back(std::min(granularity, columns - n));
  }
  return widths;
}

/// The score that a plan keeps with rows ranked by sum.
double estimate(const ByteScores& scores, const TileDemand& demand,
                const std::vector<int64_t>& widths, ColumnOrder order) {
  const std::vector<int32_t> columns =
      top_columns(scores, std::accumulate(widths.begin(), widths.end(), int64_t{0}), order);
  std::vector<std::vector<double>> ranked(widths.size());
  parallel_for(static_cast<int64_t>(widths.size()), [&](int64_t t) {
    const auto begin = columns.begin() + t * demand.granularity;
    const std::vector<int32_t> own(begin, begin + widths[static_cast<size_t>(t)]);
    const int64_t width = padded_width(static_cast<int64_t>(own.size()));
    std::vector<double>& sums = ranked[static_cast<size_t>(t)];
    sums = row_sums(gather_columns(scores, own, width), scores.K, width);
    std::sort(sums.begin(), sums.end(), std::greater<>());
  });
  const double elements = demand.stored(scores.K * scores.N);
  const std::vector<int64_t> kept = share_rows(ranked, widths, elements, demand.nm);
  double total = 0.0;
  for (size_t t = 0; t < ranked.size(); ++t) {
    total = std::accumulate(ranked[t].begin(), ranked[t].begin() + kept[t], total);
  }
  return total;
}

}  // namespace

int64_t padded_width(int64_t columns) { return round_up(columns, kLane); }

std::vector<double> row_sums(const std::vector<uint8_t>& tile, int64_t K, int64_t width) {
  const std::vector<uint8_t> nothing(static_cast<size_t>(width), 0);
  std::vector<int32_t> rows(static_cast<size_t>(K));
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<uint32_t> sums(static_cast<size_t>(K));
  max_sums(nothing.data(), tile.data(), rows.data(), K, width, sums.data());
  return {sums.begin(), sums.end()};
}

std::vector<int32_t> top_columns(const ByteScores& scores, int64_t count, ColumnOrder order) {
  std::vector<double> sums(static_cast<size_t>(scores.N));
  std::vector<int32_t> rows(static_cast<size_t>(scores.K));
  std::iota(rows.begin(), rows.end(), 0);
  parallel_for(scores.ld / kLane, [&](int64_t i) {
    uint32_t gains[kLane];
    group_gains(scores.values.data() + i * kLane, scores.ld, rows.data(), scores.K, {1, 1}, gains);
    const int64_t end = std::min(kLane, scores.N - i * kLane);
    for (int64_t c = 0; c < end; ++c) sums[static_cast<size_t>(i * kLane + c)] = gains[c];
  });
  std::vector<int32_t> columns = rank_rows(sums);
  columns.resize(static_cast<size_t>(count));
  if (order == ColumnOrder::kNatural) std::sort(columns.begin(), columns.end());
  return columns;
}

std::vector<int64_t> plan_tiles(const ByteScores& scores, const TileDemand& demand, Split split,
                                ColumnOrder order) {
  const int64_t G = demand.granularity;
  const int64_t full = scores.N / G;
  const auto tiles_for = [&](double share) {
    return static_cast<int64_t>(
        std::ceil(share * static_cast<double>(scores.N) / static_cast<double>(G) - 1e-9));
  };
  const int64_t fewest = std::max<int64_t>(1, tiles_for(demand.density));
  if (fewest > full) return cut(scores.N, G);
  const double equal_share =
      std::sqrt(demand.density) * static_cast<double>(scores.N) / static_cast<double>(G * full);
  const auto tiles_of_share = [&](double share) {
    return std::clamp(static_cast<int64_t>(std::llround(static_cast<double>(full) * share)), fewest,
                      full);
  };
  if (split == Split::kEqual) return cut(tiles_of_share(equal_share) * G, G);
  std::vector<int64_t> tried;
  std::vector<int64_t> best;
  double best_score = -1.0;
  for (const double share : {1.0, 0.92, 0.84, 0.75, 0.6, 0.4, equal_share}) {
    const int64_t tiles = tiles_of_share(share);
    if (std::find(tried.begin(), tried.end(), tiles) != tried.end()) continue;
    tried.push_back(tiles);
    const std::vector<int64_t> widths = cut(tiles * G, G);
    const double score = estimate(scores, demand, widths, order);
    if (score > best_score) {
      best_score = score;
      best = widths;
    }
  }
  return best;
}

}  // namespace tvw::patterns
