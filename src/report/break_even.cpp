#include "report/break_even.hpp"

#include <algorithm>
#include <utility>

namespace tvw::report {
namespace {

struct Point {
  double sparsity = 0.0;
  double over_dense = 0.0;
};

struct Series {
  BreakEven of;  ///< without figures yet
  std::vector<Point> points;
};

bool same_series(const BreakEven& a, const BreakEven& b) {
  return a.source == b.source && a.workload == b.workload && a.layer == b.layer && a.M == b.M &&
         a.N == b.N && a.K == b.K && a.epilogue == b.epilogue && a.pattern == b.pattern &&
         a.device == b.device && a.dtype == b.dtype && a.layout == b.layout && a.cache == b.cache;
}

std::vector<Series> series_of(const std::vector<Summary>& summaries) {
  std::vector<Series> list;
  for (const Summary& s : summaries) {
    if (!s.target_sparsity) continue;
    for (const LayerLine& line : s.layers) {
      if (!line.over_dense) continue;
      BreakEven key;
      key.source = s.source;
      key.workload = s.workload;
      key.layer = line.layer;
      key.epilogue = s.epilogue;
      key.pattern = s.pattern;
      key.device = s.device;
      key.dtype = s.dtype;
      key.layout = s.layout;
      key.cache = s.cache;
      key.M = line.M;
      key.N = line.N;
      key.K = line.K;
      auto found = std::ranges::find_if(
          list, [&](const Series& series) { return same_series(series.of, key); });
      if (found == list.end()) found = list.insert(list.end(), {std::move(key), {}});
      found->points.push_back({line.sparsity, *line.over_dense});
    }
  }
  return list;
}

/// On the line between the last point that loses and the first of those that win from there on.
std::optional<double> wins_from(const std::vector<Point>& ascending) {
  size_t first = ascending.size();
  while (first > 0 && ascending[first - 1].over_dense >= 1.0) --first;
  if (first == ascending.size()) return std::nullopt;
  const Point& win = ascending[first];
  if (first == 0) return win.sparsity;
  const Point& loss = ascending[first - 1];
  const double share = (1.0 - loss.over_dense) / (win.over_dense - loss.over_dense);
  return loss.sparsity + share * (win.sparsity - loss.sparsity);
}

}  // namespace

std::vector<BreakEven> break_evens(const std::vector<Summary>& summaries) {
  std::vector<BreakEven> result;
  for (Series& series : series_of(summaries)) {
    std::ranges::sort(series.points, {}, &Point::sparsity);
    if (series.points.front().sparsity == series.points.back().sparsity) continue;
    series.of.measured_from = series.points.front().sparsity;
    series.of.measured_to = series.points.back().sparsity;
    series.of.wins_from = wins_from(series.points);
    result.push_back(std::move(series.of));
  }
  return result;
}

}  // namespace tvw::report
