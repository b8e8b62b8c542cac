#include "kernels/cuda/sm90/items.hpp"

#include <algorithm>
#include <queue>
#include <utility>

namespace tvw::kernels::cuda::sm90 {
namespace {

/// Weight tiles that are worked on together.
constexpr size_t kTileGroup = 8;
/// What an output tile costs besides its stages, in stages: start, epilogue.
constexpr double kFixedStages = 1.5;
/// Width-independent part of a stage's cost, in tokens (weights, barriers).
constexpr double kFixedTokens = 30.0;
constexpr int64_t kMostNarrowBlocks = 80;

struct Block {
  int64_t token = 0;
  int width = 0;
};

std::vector<Block> blocks_of(const ScheduleRequest& request, int64_t narrow_blocks) {
  std::vector<Block> blocks;
  const int64_t narrow_tokens = narrow_blocks * request.narrow;
  const int64_t wide_blocks =
      std::max<int64_t>(0, (request.M - narrow_tokens + request.wide - 1) / request.wide);
  int64_t token = 0;
  for (int64_t b = 0; b < wide_blocks; ++b, token += request.wide) {
    blocks.push_back({token, request.wide});
  }
  for (int64_t b = 0; b < narrow_blocks && token < request.M; ++b, token += request.narrow) {
    blocks.push_back({token, request.narrow});
  }
  return blocks;
}

/// Hands out output tiles; keeps them if `keep`.
class Dealer {
 public:
  Dealer(const ScheduleRequest& request, bool keep) : request_(request), keep_(keep) {
    lists_.resize(keep ? static_cast<size_t>(request.ctas) : 0);
    for (int c = 0; c < request.ctas; ++c) least_.emplace(0.0, c);
  }

  void deal(size_t tile, const Block& block) {
    const int32_t first = request_.first_stage[tile];
    const int32_t stages = request_.first_stage[tile + 1] - first;
    const double cost = (stages + kFixedStages) * (block.width + kFixedTokens) /
                        (request_.wide + kFixedTokens);
    auto [load, cta] = least_.top();
    least_.pop();
    longest_ = std::max(longest_, load + cost);
    least_.emplace(load + cost, cta);
    if (!keep_) return;
    lists_[static_cast<size_t>(cta)].push_back(
        {first, stages, static_cast<int32_t>(tile),
         static_cast<int32_t>(block.token / 8 << 8 | block.width / 8)});
  }

  [[nodiscard]] double longest() const { return longest_; }
  [[nodiscard]] const std::vector<std::vector<Item>>& lists() const { return lists_; }

 private:
  using Load = std::pair<double, int>;  // equal loads: the lower CTA first
  const ScheduleRequest& request_;
  bool keep_;
  double longest_ = 0.0;
  std::vector<std::vector<Item>> lists_;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> least_;
};

Dealer deal_all(const ScheduleRequest& request, int64_t narrow_blocks, bool keep) {
  Dealer dealer(request, keep);
  const std::vector<Block> blocks = blocks_of(request, narrow_blocks);
  const size_t tiles = request.first_stage.size() - 1;
  // Wide blocks first, narrow ones last: they fill the gaps.
  for (const int width : {request.wide, request.narrow}) {
    for (size_t group = 0; group < tiles; group += kTileGroup) {
      for (const Block& block : blocks) {
        if (block.width != width) continue;
        for (size_t t = group; t < std::min(tiles, group + kTileGroup); ++t) dealer.deal(t, block);
      }
    }
    if (request.narrow == request.wide) break;
  }
  return dealer;
}

}  // namespace

Schedule make_schedule(const ScheduleRequest& request) {
  int64_t best_narrow = 0;
  if (request.narrow > 0) {
    double best = deal_all(request, 0, false).longest();
    const int64_t most = std::min(kMostNarrowBlocks, request.M / request.narrow + 1);
    for (int64_t n = 1; n <= most; ++n) {
      const double longest = deal_all(request, n, false).longest();
      if (longest < best - 1e-9) {
        best = longest;
        best_narrow = n;
      }
    }
  }
  const Dealer dealer = deal_all(request, best_narrow, true);
  Schedule schedule;
  schedule.longest = dealer.longest();
  schedule.offsets.push_back(0);
  for (const std::vector<Item>& list : dealer.lists()) {
    if (list.empty()) break;  // CTAs fill in order
    schedule.items.insert(schedule.items.end(), list.begin(), list.end());
    schedule.offsets.push_back(static_cast<int32_t>(schedule.items.size()));
  }
  return schedule;
}

}  // namespace tvw::kernels::cuda::sm90
