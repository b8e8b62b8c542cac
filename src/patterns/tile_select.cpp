#include "patterns/tile_select.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "patterns/tile_rows.hpp"
#include "patterns/tile_search.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::patterns {
namespace {

int64_t total(const std::vector<int64_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), int64_t{0});
}

/// Tiles of `columns` in this order, with all K rows in their own order.
TileLayout full_layout(int64_t K, int64_t granularity, const std::vector<int64_t>& widths,
                       const std::vector<int32_t>& columns) {
  TileLayout layout{granularity, {}};
  auto next = columns.begin();
  for (const int64_t width : widths) {
    Tile tile;
    tile.kept_n.assign(next, next + width);
    next += width;
    tile.kept_k.resize(static_cast<size_t>(K));
    std::iota(tile.kept_k.begin(), tile.kept_k.end(), 0);
    layout.tiles.push_back(std::move(tile));
  }
  return layout;
}

/// What each row of a tile keeps after N:M among all rows.
std::vector<double> row_scores(MatrixView<const float> scores, const Mask& kept, const Tile& tile) {
  std::vector<double> sums(static_cast<size_t>(scores.rows), 0.0);
  for (int64_t k = 0; k < scores.rows; ++k) {
    for (const int32_t n : tile.kept_n) {
      if (kept.kept(k, n)) sums[static_cast<size_t>(k)] += scores(k, n);
    }
  }
  return sums;
}

/// Natural order: tiles of consecutive columns; rows ranked by what they keep after N:M, then in
/// their own order.
TileLayout natural_layout(MatrixView<const float> scores, const ByteScores& bytes,
                          const TileDemand& demand, const std::vector<int64_t>& widths) {
  const std::vector<int32_t> columns = top_columns(bytes, total(widths), ColumnOrder::kNatural);
  TileLayout layout = full_layout(scores.rows, demand.granularity, widths, columns);
  const Mask kept = mask_of(scores, layout, demand.nm);
  std::vector<std::vector<double>> ranked(widths.size());
  parallel_for(static_cast<int64_t>(widths.size()), [&](int64_t i) {
    const auto t = static_cast<size_t>(i);
    Tile& tile = layout.tiles[t];
    const std::vector<double> sums = row_scores(scores, kept, tile);
    tile.kept_k = rank_rows(sums);
    for (const int32_t k : tile.kept_k) ranked[t].push_back(sums[static_cast<size_t>(k)]);
  });
  const double elements = demand.stored(scores.size());
  const std::vector<int64_t> counts = share_rows(ranked, widths, elements, demand.nm);
  for (size_t t = 0; t < layout.tiles.size(); ++t) {
    std::vector<int32_t>& rows = layout.tiles[t].kept_k;
    rows.resize(static_cast<size_t>(counts[t]));
    std::sort(rows.begin(), rows.end());
  }
  std::erase_if(layout.tiles, [](const Tile& tile) { return tile.kept_k.empty(); });
  return layout;
}

TileSearch start(const ByteScores& bytes, const TileDemand& demand,
                 const std::vector<int64_t>& widths) {
  return {bytes, demand, widths, top_columns(bytes, total(widths), ColumnOrder::kBySum)};
}

// Rounds and passes: more of them gained less than 0.001 of MiniLM's score for twice the time
// (fast: 0.627).
constexpr QuadEffort kEffort;
constexpr int kClusterRounds = 12;
constexpr int kRefineRounds = 2;
// 60 disturbances of one column in 64: 0.631; of one in 16: 0.630, one in 8: 0.629 (they tear too
// much apart).
constexpr int kDisturbances = 60;
constexpr int kDisturbOneIn = 64;

TileSearch fast_search(const ByteScores& bytes, const TileDemand& demand,
                       const std::vector<int64_t>& widths) {
  TileSearch search = start(bytes, demand, widths);
  search.cluster(kClusterRounds);
  search.refine(kRefineRounds, kEffort);
  return search;
}

/// Iterated local search: disturb the columns of the best so far, refine, keep what is better.
TileSearch best_search(const TileSearch& fast) {
  TileSearch best = fast;
  best.refine(2 * kRefineRounds, kEffort);
  uint64_t best_value = best.value();
  for (int i = 0; i < kDisturbances; ++i) {
    TileSearch next = best;
    next.perturb(static_cast<uint64_t>(i), kDisturbOneIn);
    next.refine(kRefineRounds, kEffort);
    const uint64_t value = next.value();
    if (value <= best_value) continue;
    best = std::move(next);
    best_value = value;
  }
  return best;
}

/// kept[r, c] = 1 if fewer than `keep` of the `size` scores of column c are better than that of row
/// r.
void keep_best(const float* scores, int64_t size, int64_t width, int64_t keep, uint8_t* kept) {
  std::vector<int32_t> better(static_cast<size_t>(width));
  for (int64_t r = 0; r < size; ++r) {
    const float* own = scores + r * width;
    std::fill(better.begin(), better.end(), 0);
    for (int64_t other = 0; other < size; ++other) {
      const float* rival = scores + other * width;
      if (other < r) {  // ties: the earlier row
        for (int64_t c = 0; c < width; ++c) better[static_cast<size_t>(c)] += rival[c] >= own[c];
      } else if (other > r) {
        for (int64_t c = 0; c < width; ++c) better[static_cast<size_t>(c)] += rival[c] > own[c];
      }
    }
    for (int64_t c = 0; c < width; ++c) {
      kept[r * width + c] = better[static_cast<size_t>(c)] < keep ? 1 : 0;
    }
  }
}

Selection selection_of(MatrixView<const float> scores, TileLayout layout, NmRatio nm) {
  Mask mask = mask_of(scores, layout, nm);
  return {std::move(mask), std::move(layout)};
}

}  // namespace

Mask mask_of(MatrixView<const float> scores, const TileLayout& layout, NmRatio nm) {
  // Tiles share words of the mask's rows, so they first decide apart and then write one after the
  // other.
  const auto tiles = static_cast<int64_t>(layout.tiles.size());
  std::vector<std::vector<uint8_t>> kept(layout.tiles.size());
  parallel_for(tiles, [&](int64_t i) {
    const Tile& tile = layout.tiles[static_cast<size_t>(i)];
    const auto rows = static_cast<int64_t>(tile.kept_k.size());
    const auto width = static_cast<int64_t>(tile.kept_n.size());
    std::vector<uint8_t>& own = kept[static_cast<size_t>(i)];
    own.assign(static_cast<size_t>(rows * width), 1);
    if (nm.keep == nm.group) return;
    std::vector<float> group(static_cast<size_t>(nm.group * width));  // [group, width]
    for (int64_t r0 = 0; r0 < rows; r0 += nm.group) {
      const int64_t size = std::min(nm.group, rows - r0);
      for (int64_t r = 0; r < size; ++r) {
        const float* from = scores.row(tile.kept_k[static_cast<size_t>(r0 + r)]);
        float* to = &group[static_cast<size_t>(r * width)];
        for (int64_t c = 0; c < width; ++c) to[c] = from[tile.kept_n[static_cast<size_t>(c)]];
      }
      keep_best(group.data(), size, width, nm.keep, &own[static_cast<size_t>(r0 * width)]);
    }
  });
  Mask mask(scores.rows, scores.cols, false);
  for (int64_t t = 0; t < tiles; ++t) {
    const Tile& tile = layout.tiles[static_cast<size_t>(t)];
    const uint8_t* own = kept[static_cast<size_t>(t)].data();
    for (const int32_t k : tile.kept_k) {
      for (const int32_t n : tile.kept_n) {
        if (*own++ != 0) mask.keep(k, n);
      }
    }
  }
  return mask;
}

Selection select_tiles(MatrixView<const float> scores, const TileDemand& demand,
                       const SelectOptions& options) {
  const ByteScores bytes = quantise(scores);
  const std::vector<int64_t> natural =
      plan_tiles(bytes, demand, options.split, ColumnOrder::kNatural);
  Selection best = selection_of(scores, natural_layout(scores, bytes, demand, natural), demand.nm);
  if (options.permute == Permute::kOff) return best;
  const std::vector<int64_t> widths = plan_tiles(bytes, demand, options.split, ColumnOrder::kBySum);
  double best_kept = kept_score(scores, best.mask);
  const auto offer = [&](const TileSearch& search) {
    Selection next = selection_of(scores, search.layout(), demand.nm);
    const double kept = kept_score(scores, next.mask);
    if (kept <= best_kept) return;
    best = std::move(next);
    best_kept = kept;
  };
  const TileSearch fast = fast_search(bytes, demand, widths);
  offer(fast);
  if (options.permute == Permute::kBest) offer(best_search(fast));
  return best;
}

std::vector<Unit> tile_units(MatrixView<const float> scores, int64_t granularity, NmRatio nm) {
  std::vector<int64_t> widths;
  for (int64_t n = 0; n < scores.cols; n += granularity) {
    widths.push_back(std::min(granularity, scores.cols - n));
  }
  std::vector<int32_t> columns(static_cast<size_t>(scores.cols));
  std::iota(columns.begin(), columns.end(), 0);
  const TileLayout layout = full_layout(scores.rows, granularity, widths, columns);
  const Mask kept = mask_of(scores, layout, nm);
  std::vector<Unit> units;
  for (const Tile& tile : layout.tiles) {
    std::vector<double> sums = row_scores(scores, kept, tile);
    std::sort(sums.begin(), sums.end(), std::greater<>());
    const auto rows = static_cast<int64_t>(sums.size());
    for (int64_t r = 0; r < rows; r += nm.group) {
      const int64_t size = std::min(nm.group, rows - r);
      const double sum = std::accumulate(sums.begin() + r, sums.begin() + r + size, 0.0);
      const int64_t elements = std::min(nm.keep, size) * static_cast<int64_t>(tile.kept_n.size());
      units.push_back({static_cast<float>(sum / static_cast<double>(elements)),
                       static_cast<int32_t>(elements)});
    }
  }
  return units;
}

}  // namespace tvw::patterns
