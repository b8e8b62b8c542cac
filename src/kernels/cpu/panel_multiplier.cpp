#include "kernels/cpu/panel_multiplier.hpp"

#include <algorithm>

#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Blocks that lie side by side in A and C as one: beside what it multiplies a task costs as much
/// as some dozens of rows, which is a quarter of the time where K is 64. Panels of such blocks
/// hold nothing, so that any may stand for theirs.
void join(std::span<const TokenBlock> blocks, std::vector<TokenBlock>& joined) {
  joined.clear();
  for (const TokenBlock& block : blocks) {
    if (!joined.empty() && block.lead() == 0 && joined.back().end() == block.begin) {
      joined.back().count += block.count;
    } else {
      joined.push_back(block);
    }
  }
}

}  // namespace

PanelMultiplier::PanelMultiplier(const Problem& problem, const PanelSplit& split,
                                 const PanelTiles& tiles, const PanelIo& io)
    : M_(problem.M),
      tokens_(split.tokens),
      activation_(problem.epilogue.activation),
      add_to_c_(problem.epilogue.add_to_c),
      tiles_(tiles),
      io_(io),
      reads_a_(lie_in_a(problem, split.blocks) && tiles.takes_stride(problem.M)) {
  const auto bias = problem.epilogue.bias;
  for (int64_t tile = 0; tile < tiles.count(); ++tile) {
    const auto columns = tiles.columns(tile);
    TileColumns& of_tile = columns_.emplace_back();
    of_tile.start.resize(static_cast<size_t>(round_up(std::ssize(columns), kGroupColumns)));
    for (size_t i = 0; i < columns.size(); ++i) {
      of_tile.places.push_back(io.place_of(columns[i]));
      if (!bias.empty()) of_tile.start[i] = bias[static_cast<size_t>(columns[i])];
    }
  }
}

void PanelMultiplier::multiply(std::span<const TokenBlock> blocks, int64_t tile, const void* A,
                               std::span<const Panel> panels, void* C, Scratch& scratch) const {
  const TileColumns& columns = columns_[static_cast<size_t>(tile)];
  if (reads_a_ && tiles_.wants_many_panels()) {
    join(blocks, scratch.joined);
    blocks = scratch.joined;
  }
  while (scratch.sums.size() < blocks.size()) {
    scratch.sums.emplace_back().memory.reset(
        allocate_host(static_cast<size_t>(kMostTileColumns * tokens_) * sizeof(float)));
  }
  scratch.tasks.clear();
  for (size_t b = 0; b < blocks.size(); ++b) {
    scratch.tasks.push_back(make_task(blocks[b], columns, A, panels[b], C, scratch.sums[b]));
  }
  tiles_.multiply(tile, scratch.tasks);
  for (size_t b = 0; b < blocks.size(); ++b) {
    finish(blocks[b], columns, scratch.tasks[b], scratch.sums[b], panels[b], C);
  }
}

/// Tokens that a panel has before the block's first.
int64_t PanelMultiplier::lead_of(const TokenBlock& block) const {
  return reads_a_ ? block.lead() : 0;
}

/// Sums of f32 where results belong.
bool PanelMultiplier::makes_in_place(const TokenBlock& block) const {
  return tiles_.leaves_out_tokens() || io_.makes_in_place<float>(block);
}

template <class T>
void PanelMultiplier::find_places(const TokenBlock& block, const TileColumns& columns,
                                  const Panel& panel, void* C,
                                  std::array<T*, kMostTileColumns>& to) const {
  T* const first = io_.first_place<T>(block, panel.results, C) - lead_of(block);
  std::ranges::transform(columns.places, to.begin(),
                         [first](int64_t place) { return first + place; });
}

PanelTask PanelMultiplier::make_task(const TokenBlock& block, const TileColumns& columns,
                                     const void* A, const Panel& panel, void* C,
                                     PanelSums& sums) const {
  const size_t count = columns.places.size(), padded = columns.start.size();
  const bool in_place = makes_in_place(block);
  if (in_place) find_places(block, columns, panel, C, sums.sums);
  float* elsewhere = sums.elsewhere();
  for (size_t i = in_place ? count : 0; i < padded; ++i, elsewhere += tokens_) {
    sums.sums[i] = elsewhere;
  }
  const bool rounds = activation_ == Activation::kNone && tiles_.rows() != PanelRows::kF32 &&
                      io_.makes_in_place<uint16_t>(block);
  if (rounds) {
    alignas(64) thread_local uint16_t nowhere[kMostTokens];  // of columns that a group lacks
    find_places(block, columns, panel, C, sums.rounded);
    for (size_t i = count; i < padded; ++i) sums.rounded[i] = nowhere;
  }
  ColumnSums to;
  to.tokens = round_up(block.count, kVectorTokens);
  to.sums = sums.sums.data();
  if (!add_to_c_) to.start = columns.start.data();
  if (rounds) to.rounded = sums.rounded.data();
  if (tiles_.leaves_out_tokens()) {
    to.lead = lead_of(block);
    to.tail = to.tokens - to.lead - block.count;
  }
  if (add_to_c_) {
    if (!in_place) {
      io_.load(block, columns.places, panel.results, C, sums.elsewhere() + lead_of(block));
    }
    for (size_t i = 0; i < count; ++i) {
      for (int64_t t = to.lead; t < to.tokens - to.tail; ++t) sums.sums[i][t] += columns.start[i];
    }
  }
  const float* rows =
      reads_a_ ? static_cast<const float*>(A) + block.begin - lead_of(block) : panel.rows;
  return {rows, reads_a_ ? M_ : tokens_, to};
}

void PanelMultiplier::finish(const TokenBlock& block, const TileColumns& columns,
                             const PanelTask& task, const PanelSums& sums, const Panel& panel,
                             void* C) const {
  const ColumnSums& to = task.to;
  if (to.rounded != nullptr) return;
  if (activation_ != Activation::kNone) {
    for (size_t i = 0; i < columns.places.size(); ++i) {
      activate(to.sums[i] + to.lead, to.tokens - to.lead - to.tail, activation_);
    }
  }
  if (!makes_in_place(block)) {
    io_.store(block, columns.places, sums.elsewhere() + lead_of(block), panel.results, C);
  }
}

}  // namespace tvw::kernels::cpu
