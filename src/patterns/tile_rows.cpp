#include "patterns/tile_rows.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace tvw::patterns {
namespace {

struct Chunk {
  double score = 0.0;  ///< mean of its elements
  int64_t tile = 0;
  int64_t begin = 0;  ///< first of its rows
  int64_t rows = 0;
};

/// Rows [begin, begin + count) of a tile, fewer at its end.
Chunk chunk_of(const std::vector<double>& ranked, int64_t tile, int64_t width, int64_t begin,
               int64_t count) {
  const auto size = static_cast<int64_t>(ranked.size());
  const int64_t rows = std::min(count, size - begin);
  const double sum = std::accumulate(ranked.begin() + begin, ranked.begin() + begin + rows, 0.0);
  return {sum / static_cast<double>(rows * width), tile, begin, rows};
}

}  // namespace

int64_t stored_rows(int64_t rows, NmRatio nm) {
  return rows / nm.group * nm.keep + std::min(nm.keep, rows % nm.group);
}

std::vector<int64_t> share_rows(const std::vector<std::vector<double>>& ranked,
                                const std::vector<int64_t>& widths, double elements, NmRatio nm) {
  std::vector<Chunk> chunks;
  for (size_t t = 0; t < ranked.size(); ++t) {
    const auto K = static_cast<int64_t>(ranked[t].size());
    const int64_t step = row_chunk(K);
    for (int64_t k = 0; k < K; k += step) {
      chunks.push_back(chunk_of(ranked[t], static_cast<int64_t>(t), widths[t], k, step));
      // Means of equal rows can differ by rounding.
      if (k > 0) {
        chunks.back().score = std::min(chunks.back().score, std::prev(chunks.end(), 2)->score);
      }
    }
  }
  // Chunks of one tile descend, so a stable sort leaves them in their order.
  std::stable_sort(chunks.begin(), chunks.end(),
                   [](const Chunk& a, const Chunk& b) { return a.score > b.score; });
  std::vector<int64_t> kept(ranked.size(), 0);
  double left = elements + 0.5;  // not to lose a chunk to rounding
  for (const Chunk& chunk : chunks) {
    const auto t = static_cast<size_t>(chunk.tile);
    const bool all_before_taken = kept[t] == chunk.begin;
    const auto size = static_cast<double>(stored_rows(chunk.rows, nm) * widths[t]);
    if (size > left || !all_before_taken) continue;
    kept[t] += chunk.rows;
    left -= size;
  }
  left -= 0.5;
  Chunk rest;
  for (size_t t = 0; t < ranked.size(); ++t) {
    if (kept[t] == static_cast<int64_t>(ranked[t].size())) continue;
    const double groups = std::round(left / static_cast<double>(nm.keep * widths[t]));
    const int64_t rows = static_cast<int64_t>(std::max(groups, 0.0)) * nm.group;
    if (rows == 0) continue;
    const Chunk next = chunk_of(ranked[t], static_cast<int64_t>(t), widths[t], kept[t], rows);
    if (rest.rows == 0 || next.score > rest.score) rest = next;
  }
  if (rest.rows > 0) kept[static_cast<size_t>(rest.tile)] += rest.rows;
  return kept;
}

std::vector<int32_t> rank_rows(const std::vector<double>& scores) {
  std::vector<int32_t> ids(scores.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  return ids;
}

}  // namespace tvw::patterns
