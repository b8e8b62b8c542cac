// A model of what each way of making panels costs, in vectors multiplied per weight.
#include "kernels/cpu/panel_split.hpp"

#include <algorithm>
#include <utility>

#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Whole panels that a thread takes up at a time.
constexpr int64_t kMostAmxTogether = 8;

struct Way {
  int64_t panels = 0;
  PanelWork work = PanelWork::kPanels;
  double cost = 0.0;
};

/// Share of so many items that the thread with most of them has.
double largest_share(int64_t items, int64_t threads) {
  return static_cast<double>(parts_of(items, threads)) / static_cast<double>(items);
}

/// `vectors` in panels of almost equal size.
Way best_way(int64_t vectors, int64_t threads, const PanelCosts& costs) {
  Way best;
  const int64_t fewest = parts_of(vectors, costs.most_vectors);
  for (int64_t panels = fewest; panels <= vectors; ++panels) {
    const double vector = parts_of(vectors, panels) == 1 ? costs.narrow : 1.0;
    const auto cost_of = [&](int64_t of_vectors, int64_t of_panels) {
      return vector * static_cast<double>(of_vectors) +
             costs.per_panel * static_cast<double>(of_panels);
    };
    const int64_t rounds = parts_of(panels, threads);
    // Of the thread that has most: larger panels and smaller ones, as they come.
    const int64_t most = parts_of(rounds * vectors, panels);
    const double all = cost_of(vectors, panels),
                 making = costs.making * static_cast<double>(vectors);
    const auto consider = [&](PanelWork work, double cost) {
      if (best.panels == 0 || cost < best.cost) best = {panels, work, cost};
    };
    consider(PanelWork::kPanels, cost_of(most, rounds) + costs.making * static_cast<double>(most));
    consider(PanelWork::kSteps,
             costs.steps * (all + making) * largest_share(panels * costs.tiles, threads));
    if (vectors <= kMostCopiedVectors) {
      consider(PanelWork::kTiles,
               making + costs.by_tiles * all * largest_share(costs.tiles, threads));
    }
  }
  return best;
}

PanelSplit make_split(int64_t M, int64_t panels, PanelWork work) {
  const int64_t vectors = vectors_of(M);
  PanelSplit split;
  split.work = work;
  for (int64_t p = 0; p < panels; ++p) {
    const Range of_panel = part_of(vectors, panels, p);
    const int64_t begin = of_panel.begin * kVectorTokens;
    const int64_t end = std::min(M, of_panel.end * kVectorTokens);
    split.blocks.push_back({begin, end - begin});
    split.tokens = std::max(split.tokens, round_up(end - begin, kVectorTokens));
  }
  return split;
}

/// Each thread takes as many at a time as it gets, up to `most`.
PanelSplit make_whole_panels(int64_t M, int64_t panels, int threads, int64_t most) {
  PanelSplit split = make_split(M, panels, PanelWork::kPanels);
  const int64_t rounds = parts_of(panels, threads * most);
  split.together = parts_of(panels, threads * rounds);
  return split;
}

}  // namespace

double unevenness(int64_t panels, int threads) { return largest_share(panels, threads) * threads; }

std::vector<PanelSplit> ways_to_split(int64_t M) {
  const int64_t vectors = vectors_of(M);
  std::vector<PanelSplit> ways;
  for (int64_t most = std::min(kMostVectors, vectors); most >= 1; --most) {
    const int64_t panels = parts_of(vectors, most);
    ways.push_back(make_split(M, panels, PanelWork::kPanels));
    ways.push_back(make_split(
        M, panels, vectors <= kMostCopiedVectors ? PanelWork::kTiles : PanelWork::kSteps));
  }
  return ways;
}

PanelSplit split_tokens(int64_t M, int threads, const PanelCosts& costs) {
  const Way way = best_way(vectors_of(M), threads, costs);
  return make_split(M, way.panels, way.work);
}

PanelSplit split_for_code(int64_t M, int threads, bool whole) {
  const int64_t panels = vectors_of(M);
  if (panels <= kMostCopiedVectors) {
    if (!whole || unevenness(panels, threads) > kEven) {
      return make_split(M, panels, PanelWork::kTiles);
    }
  } else if (!whole) {
    return make_split(M, panels, PanelWork::kSteps);
  }
  return make_whole_panels(M, panels, threads, kMostTogether);
}

std::vector<PanelSplit> ways_for_amx(int64_t M, int64_t K, int threads) {
  constexpr int64_t kPanelBytes = kHalvesTokens * 2;  // of a feature
  constexpr int64_t kCachedBytes = 1 << 20, kFewestTogether = 2;
  const int64_t panels = parts_of(M, kHalvesTokens);
  const int64_t cached = kCachedBytes / std::max<int64_t>(1, kPanelBytes * K);
  const int64_t together = std::clamp(cached, kFewestTogether, kMostAmxTogether);
  const bool copies = vectors_of(M) <= kMostCopiedVectors;
  std::vector<PanelSplit> ways = {
      make_whole_panels(M, panels, threads, together),
      make_split(M, panels, copies ? PanelWork::kTiles : PanelWork::kSteps)};
  if (copies && unevenness(panels, threads) > kEven) std::swap(ways[0], ways[1]);
  for (PanelSplit& way : ways) way.tokens = kHalvesTokens;
  return ways;
}

}  // namespace tvw::kernels::cpu
