#include "kernels/cuda/common/items.hpp"

#include <algorithm>
#include <queue>
#include <utility>

#include "tvw/core/parts.hpp"

namespace tvw::kernels::cuda {
namespace {

/// Weight tiles that are worked on together.
constexpr size_t kTileGroup = 8;
/// What an output tile costs besides its stages, in stages: start, epilogue.
constexpr double kFixedStages = 1.5;
/// Width-independent part of a stage's cost, in tokens (weights, barriers).
constexpr double kFixedTokens = 30.0;
constexpr int64_t kMostNarrowBlocks = 80;
constexpr size_t kTailWaves = 2;

struct Block {
  int64_t token = 0;
  int width = 0;
};

std::vector<Block> blocks_of(const ScheduleRequest& request, int64_t narrow_blocks) {
  std::vector<Block> blocks;
  const int64_t narrow_tokens = narrow_blocks * request.narrow;
  const int64_t wide_blocks =
      std::max<int64_t>(0, parts_of(request.M - narrow_tokens, request.wide));
  int64_t token = 0;
  for (int64_t b = 0; b < wide_blocks; ++b, token += request.wide) {
    blocks.push_back({token, request.wide});
  }
  for (int64_t b = 0; b < narrow_blocks && token < request.M; ++b, token += request.narrow) {
    blocks.push_back({token, request.narrow});
  }
  return blocks;
}

/// An output tile and what it costs.
struct Work {
  Item item;
  double cost = 0.0;
};

/// In the order in which they are dealt: with locality, wide blocks first; the last waves (or all,
/// if locality does not matter) by falling cost, so that they fill the gaps.
std::vector<Work> order_of(const ScheduleRequest& request, int64_t narrow_blocks) {
  const std::vector<Block> blocks = blocks_of(request, narrow_blocks);
  const size_t tiles = request.first_stage.size() - 1;
  std::vector<Work> order;
  order.reserve(blocks.size() * tiles);
  const auto add = [&](size_t tile, const Block& block) {
    const int32_t first = request.first_stage[tile];
    const int32_t stages = request.first_stage[tile + 1] - first;
    const Item item{first, stages, static_cast<int32_t>(tile),
                    static_cast<int32_t>(block.token / 8 << 8 | block.width / 8)};
    order.push_back({item, (stages + kFixedStages) * (block.width + kFixedTokens) /
                               (request.wide + kFixedTokens)});
  };
  for (const bool wide : {true, false}) {
    for (size_t group = 0; group < tiles; group += kTileGroup) {
      for (const Block& block : blocks) {
        if ((block.width == request.wide) != wide) continue;
        for (size_t t = group; t < std::min(tiles, group + kTileGroup); ++t) add(t, block);
      }
    }
  }
  const size_t tail = kTailWaves * static_cast<size_t>(request.ctas);
  const size_t sorted_from =
      request.activations_cached || order.size() < tail ? 0 : order.size() - tail;
  std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(sorted_from), order.end(),
                   [](const Work& a, const Work& b) { return a.cost > b.cost; });
  return order;
}

using Lists = std::vector<std::vector<Item>>;

/// Each to the CTA with the least work so far; returns the most work a CTA has.
double deal(const std::vector<Work>& order, int ctas, Lists* lists) {
  using Load = std::pair<double, int>;  // equal loads: the lower CTA first
  std::priority_queue<Load, std::vector<Load>, std::greater<>> least;
  for (int c = 0; c < ctas; ++c) least.emplace(0.0, c);
  double longest = 0.0;
  for (const Work& work : order) {
    const auto [load, cta] = least.top();
    least.pop();
    longest = std::max(longest, load + work.cost);
    least.emplace(load + work.cost, cta);
    if (lists != nullptr) (*lists)[static_cast<size_t>(cta)].push_back(work.item);
  }
  return longest;
}

}  // namespace

Schedule make_schedule(const ScheduleRequest& request) {
  std::vector<Work> order = order_of(request, 0);
  double best = deal(order, request.ctas, nullptr);
  if (request.narrow > 0) {
    const int64_t most = std::min(kMostNarrowBlocks, request.M / request.narrow + 1);
    for (int64_t n = 1; n <= most; ++n) {
      std::vector<Work> other = order_of(request, n);
      const double longest = deal(other, request.ctas, nullptr);
      if (longest >= best - 1e-9) continue;
      best = longest;
      order = std::move(other);
    }
  }
  Lists lists(static_cast<size_t>(request.ctas));
  Schedule schedule;
  schedule.longest = deal(order, request.ctas, &lists);
  size_t most_items = 0;
  for (const std::vector<Item>& list : lists) {
    schedule.grid += list.empty() ? 0 : 1;  // CTAs fill in order
    most_items = std::max(most_items, list.size());
  }
  const auto grid = static_cast<size_t>(schedule.grid);
  schedule.items.resize((most_items + 1) * grid);
  for (size_t c = 0; c < grid; ++c) {
    for (size_t i = 0; i < lists[c].size(); ++i) schedule.items[i * grid + c] = lists[c][i];
  }
  return schedule;
}

Schedule make_split_schedule(const ScheduleRequest& request, int splits) {
  const auto tiles = static_cast<int64_t>(request.first_stage.size()) - 1;
  if (tiles * parts_of(request.M, request.wide) > request.ctas) return {};
  Schedule whole = make_schedule(request);
  const bool one_each = whole.items.size() == 2 * static_cast<size_t>(whole.grid);  // and the ends
  if (!one_each) {
    ScheduleRequest wide = request;
    wide.narrow = 0;
    whole = make_schedule(wide);
  }
  Schedule schedule;
  schedule.grid = whole.grid * splits;
  schedule.longest = whole.longest / splits;
  schedule.items.resize(2 * static_cast<size_t>(schedule.grid));
  for (size_t c = 0; c < static_cast<size_t>(whole.grid); ++c) {
    for (int r = 0; r < splits; ++r) {
      Item& share = schedule.items[c * static_cast<size_t>(splits) + static_cast<size_t>(r)];
      share = whole.items[c];
      const int32_t begin = share.stages * r / splits, end = share.stages * (r + 1) / splits;
      share.first_stage += begin;
      share.stages = end - begin;
    }
  }
  return schedule;
}

}  // namespace tvw::kernels::cuda
