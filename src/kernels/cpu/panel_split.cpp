// A model of what each way of making panels costs, in vectors multiplied per weight.
#include "kernels/cpu/panel_split.hpp"

#include <algorithm>

#include "kernels/cpu/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr int64_t kMostVectors = kMostTokens / kVectorTokens;  ///< of a panel

int64_t vectors_of(int64_t M) { return parts_of(M, kVectorTokens); }

struct Way {
  int64_t panels = 0;
  bool whole = false;
  double cost = 0.0;
};

/// `vectors` in panels of almost equal size.
Way best_way(int64_t vectors, int64_t threads, const PanelCosts& costs) {
  Way best;
  const int64_t fewest = parts_of(vectors, kMostVectors);
  for (int64_t panels = fewest; panels <= vectors; ++panels) {
    const int64_t larger = parts_of(vectors, panels);
    const int64_t rounds = parts_of(panels, threads);
    const double vector = larger == 1 ? costs.narrow : 1.0;
    // Of the thread that has most: larger panels and smaller ones, as they come.
    const int64_t most = (rounds * vectors + panels - 1) / panels;
    const Way whole{
        panels, true,
        vector * static_cast<double>(most) + costs.per_panel * static_cast<double>(rounds)};
    const double all =
        vector * static_cast<double>(vectors) + costs.per_panel * static_cast<double>(panels);
    const Way shared{panels, false, costs.shared * all / static_cast<double>(threads)};
    for (const Way& way : {whole, shared}) {
      if (best.panels == 0 || way.cost < best.cost) best = way;
    }
  }
  return best;
}

PanelSplit make_split(int64_t M, int64_t panels, bool whole) {
  const int64_t vectors = vectors_of(M);
  PanelSplit split;
  split.whole = whole;
  for (int64_t p = 0; p < panels; ++p) {
    const int64_t begin = vectors * p / panels * kVectorTokens;
    const int64_t end = std::min(M, vectors * (p + 1) / panels * kVectorTokens);
    split.blocks.push_back({begin, end - begin});
    split.tokens = std::max(split.tokens, round_up(end - begin, kVectorTokens));
  }
  return split;
}

}  // namespace

std::vector<PanelSplit> ways_to_split(int64_t M) {
  const int64_t vectors = vectors_of(M);
  std::vector<PanelSplit> ways;
  for (int64_t most = std::min(kMostVectors, vectors); most >= 1; --most) {
    const int64_t panels = parts_of(vectors, most);
    for (const bool whole : {true, false}) ways.push_back(make_split(M, panels, whole));
  }
  return ways;
}

PanelSplit split_tokens(int64_t M, int threads, const PanelCosts& costs) {
  const Way way = best_way(vectors_of(M), threads, costs);
  return make_split(M, way.panels, way.whole);
}

PanelSplit split_for_code(int64_t M, int threads, bool cached) {
  constexpr int64_t kMostTogether = 8;
  const int64_t panels = vectors_of(M);
  PanelSplit split = make_split(M, panels, cached && panels > threads);
  if (split.whole) {
    const int64_t rounds = parts_of(panels, threads * kMostTogether);
    split.together = parts_of(panels, threads * rounds);
  }
  return split;
}

}  // namespace tvw::kernels::cpu
