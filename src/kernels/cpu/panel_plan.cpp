#include "kernels/cpu/panel_plan.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_io.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

template <class T>
std::span<T> subspan(std::span<T> all, Range part) {
  return all.subspan(static_cast<size_t>(part.begin), static_cast<size_t>(part.count()));
}

/// Where a block's activations and results are, feature by feature.
struct Panel {
  float* rows;    ///< [rows][tokens], of 4 bytes whatever they are
  void* results;  ///< as PanelIo has them
};

/// What becomes of a tile's columns.
struct TileColumns {
  std::vector<int64_t> places;  ///< [columns] as PanelIo has them
  std::vector<float> start;     ///< [padded columns] what sums start from: the bias
};

/// Where a panel's sums of a tile are made.
struct PanelSums {
  /// [kMostTileColumns][tokens], if not in place, and those of columns that a group lacks. Not
  /// initialised: kernels write them first.
  HostMemory memory;
  [[nodiscard]] float* elsewhere() const { return static_cast<float*>(memory.get()); }
  std::array<float*, kMostTileColumns> sums;
  std::array<uint16_t*, kMostTileColumns> rounded;
};

/// Scratch of a thread, on cache lines of its own: every task writes to it.
struct alignas(64) Scratch {
  std::vector<PanelSums> sums;
  std::vector<PanelTask> tasks;
  std::vector<TokenBlock> joined;
  int64_t run = 0;  ///< that the thread's panels are of, if it makes all for itself
};

/// Panels that threads share are made and multiplied so many bytes at a time, which a last-level
/// cache holds.
constexpr int64_t kRoundBytes = int64_t{12} << 20;
/// That a tile is multiplied with at a time: their sums stay in a cache of the core's own.
constexpr int64_t kMostPanelsOfTile = 32;
/// What it costs to take up a tile, whose code or weights have to come from another cache, in
/// panels.
constexpr double kTakingUpTile = 1.5;

class PanelPlan final : public Plan {
 public:
  PanelPlan(const Problem& problem, PanelSplit split, std::unique_ptr<PanelTiles> tiles,
            std::string format)
      : shape_(problem.shape()),
        activation_(problem.epilogue.activation),
        add_to_c_(problem.epilogue.add_to_c),
        split_(std::move(split)),
        tiles_(std::move(tiles)),
        io_(problem, tiles_->rows(), split_.tokens),
        reads_a_(lie_in_a(problem, split_.blocks) && tiles_->takes_stride(shape_.M)),
        format_(std::move(format)) {
    const auto bias = problem.epilogue.bias;
    for (int64_t tile = 0; tile < tiles_->count(); ++tile) {
      const auto columns = tiles_->columns(tile);
      TileColumns& of_tile = columns_.emplace_back();
      of_tile.start.resize(static_cast<size_t>(round_up(std::ssize(columns), kGroupColumns)));
      for (size_t i = 0; i < columns.size(); ++i) {
        of_tile.places.push_back(io_.place_of(columns[i]));
        if (!bias.empty()) of_tile.start[i] = bias[static_cast<size_t>(columns[i])];
      }
    }
  }

  void run(const void* A, void* C) override {
    make_scratch();
    switch (split_.work) {
      case PanelWork::kPanels:
        return run_panel_by_panel(A, C);
      case PanelWork::kTiles:
        return run_tile_by_tile(A, C);
      case PanelWork::kSteps:
        return run_in_rounds(A, C);
    }
  }

  [[nodiscard]] std::string kernel_name() const override {
    const char* type = tiles_->rows() == PanelRows::kF32 ? "_f32_" : "_bf16_";
    return format_ + type + tiles_->way() + "_" + isa() + " " + std::to_string(split_.tokens) +
           " tokens" + (reads_a_ ? ", in place" : "");
  }
  [[nodiscard]] std::string isa() const override { return tiles_->isa(); }
  [[nodiscard]] int64_t weight_bytes() const override { return tiles_->size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * tiles_->products() * static_cast<double>(shape_.M);
  }

 private:
  /// Each thread has panels of its own, which stay in its cache from the first step to the last.
  void run_panel_by_panel(const void* A, void* C) {
    make_panels(thread_count() * split_.together, thread_count() * split_.together);
    const auto all = std::ssize(split_.blocks);
    const int64_t groups = parts_of(all, split_.together);
    const auto run_group = [&](int64_t group, int thread) {
      const auto blocks = subspan(std::span(split_.blocks), part_of(all, groups, group));
      const auto panels =
          std::span(panels_).subspan(static_cast<size_t>(thread * split_.together), blocks.size());
      pack(blocks, A, panels);
      for (size_t b = 0; b < blocks.size(); ++b) {
        for (int64_t step = 0; step < pack_results_steps(); ++step) {
          pack_results(blocks[b], step, C, panels[b]);
        }
      }
      for (int64_t tile = 0; tile < tiles_->count(); ++tile) {
        multiply(blocks, tile, A, panels, C, scratch_[static_cast<size_t>(thread)]);
      }
      for (size_t b = 0; b < blocks.size(); ++b) {
        for (int64_t step = 0; step < io_.unpack_steps(); ++step) {
          unpack(blocks[b], step, panels[b], C);
        }
      }
    };
    parallel_for_runs({{groups, run_group}});
  }

  /// Each thread has all panels, but for the results, and multiplies them by tiles of its own.
  void run_tile_by_tile(const void* A, void* C) {
    const std::span<const TokenBlock> blocks(split_.blocks);
    make_panels(thread_count() * std::ssize(blocks), std::ssize(blocks));
    ++run_;
    const auto multiply_by = [&](int64_t tile, int thread) {
      const auto of_thread = static_cast<size_t>(thread);
      const auto panels = std::span(panels_).subspan(of_thread * blocks.size(), blocks.size());
      Scratch& scratch = scratch_[of_thread];
      if (scratch.run != run_) {
        pack(blocks, A, panels);
        scratch.run = run_;
      }
      multiply(blocks, tile, A, panels, C, scratch);
    };
    parallel_for_runs(
        {packing_results(blocks, C), {tiles_->count(), multiply_by}, unpacking(blocks, C)});
  }

  void run_in_rounds(const void* A, void* C) {
    const auto blocks = std::ssize(split_.blocks);
    const int64_t block_bytes = panel_rows() * split_.tokens * 4;
    const int64_t most = std::max<int64_t>(1, kRoundBytes / std::max<int64_t>(1, block_bytes));
    const int64_t rounds = parts_of(blocks, most);
    for (int64_t round = 0; round < rounds; ++round) {
      run_step_by_step(subspan(std::span(split_.blocks), part_of(blocks, rounds, round)), A, C);
    }
  }

  /// All threads pack, then all multiply, a tile after the other with all panels of the round, then
  /// all unpack.
  void run_step_by_step(std::span<const TokenBlock> blocks, const void* A, void* C) {
    make_panels(std::ssize(blocks), std::ssize(blocks));
    const int64_t tiles = tiles_->count(), parts = parts_of_tile(std::ssize(blocks));
    parallel_for_runs({packing(blocks, A),
                       packing_results(blocks, C),
                       {tiles * parts,
                        [&](int64_t item, int thread) {
                          const Range part = part_of(std::ssize(blocks), parts, item / tiles);
                          multiply(subspan(blocks, part), item % tiles, A,
                                   subspan(std::span(panels_), part), C,
                                   scratch_[static_cast<size_t>(thread)]);
                        }},
                       unpacking(blocks, C)});
  }

  /// Of panels_, whose first are those of `blocks`.
  [[nodiscard]] ParallelPhase each_step(std::span<const TokenBlock> blocks, int64_t steps,
                                        const auto& do_step) const {
    return {std::ssize(blocks) * steps, [=, this](int64_t item, int /*thread*/) {
              const auto b = static_cast<size_t>(item / steps);
              do_step(blocks[b], item % steps, panels_[b]);
            }};
  }
  [[nodiscard]] ParallelPhase packing(std::span<const TokenBlock> blocks, const void* A) const {
    const auto count = std::ssize(blocks);  // in the order of pack()
    return {count * pack_steps(), [=, this](int64_t item, int /*thread*/) {
              const auto b = static_cast<size_t>(item % count);
              pack(blocks[b], item / count, A, panels_[b]);
            }};
  }
  [[nodiscard]] ParallelPhase packing_results(std::span<const TokenBlock> blocks,
                                              const void* C) const {
    return each_step(blocks, pack_results_steps(),
                     [=, this](const TokenBlock& block, int64_t step, const Panel& panel) {
                       pack_results(block, step, C, panel);
                     });
  }
  [[nodiscard]] ParallelPhase unpacking(std::span<const TokenBlock> blocks, void* C) const {
    return each_step(blocks, io_.unpack_steps(),
                     [=, this](const TokenBlock& block, int64_t step, const Panel& panel) {
                       unpack(block, step, panel, C);
                     });
  }

  /// How many times a tile is taken up for so many panels: as lets the thread with most to do end
  /// first.
  [[nodiscard]] int64_t parts_of_tile(int64_t panels) const {
    if (!tiles_->wants_many_panels()) return panels;
    int64_t best = 1;
    double least = std::numeric_limits<double>::infinity();
    for (int64_t parts = parts_of(panels, kMostPanelsOfTile); parts <= panels; ++parts) {
      const double cost = static_cast<double>(parts_of(tiles_->count() * parts, thread_count())) *
                          (static_cast<double>(parts_of(panels, parts)) + kTakingUpTile);
      if (cost < least) {
        best = parts;
        least = cost;
      }
    }
    return best;
  }

  [[nodiscard]] int64_t panel_rows() const { return row_count(tiles_->rows(), shape_.K); }

  /// Panel i has results i % `results`.
  void make_panels(int64_t count, int64_t results) {
    const int64_t rows = reads_a_ ? 0 : panel_rows();
    while (std::ssize(results_) < results) {
      results_.emplace_back().resize(static_cast<size_t>(io_.results_bytes()));
    }
    while (std::ssize(panels_) < count) {
      const auto of_results = panels_.size() % static_cast<size_t>(results);
      auto& memory = rows_.emplace_back();
      memory.resize(static_cast<size_t>(rows * split_.tokens));
      panels_.push_back({memory.data(), results_[of_results].data()});
    }
  }

  void make_scratch() {
    while (std::ssize(scratch_) < thread_count()) scratch_.emplace_back();
  }

  [[nodiscard]] int64_t pack_steps() const { return reads_a_ ? 0 : io_.pack_steps(); }
  void pack(const TokenBlock& block, int64_t step, const void* A, const Panel& panel) const {
    io_.pack(block, step, A, panel.rows);
  }
  /// A step of all blocks, whose tokens lie side by side in a feature-major A, then the next.
  void pack(std::span<const TokenBlock> blocks, const void* A,
            std::span<const Panel> panels) const {
    for (int64_t step = 0; step < pack_steps(); ++step) {
      for (size_t b = 0; b < blocks.size(); ++b) pack(blocks[b], step, A, panels[b]);
    }
  }

  [[nodiscard]] int64_t pack_results_steps() const { return add_to_c_ ? io_.unpack_steps() : 0; }
  void pack_results(const TokenBlock& block, int64_t step, const void* C,
                    const Panel& panel) const {
    io_.pack_results(block, step, C, panel.results);
  }

  void unpack(const TokenBlock& block, int64_t step, const Panel& panel, void* C) const {
    io_.unpack(block, step, panel.results, C);
  }

  void multiply(std::span<const TokenBlock> blocks, int64_t tile, const void* A,
                std::span<const Panel> panels, void* C, Scratch& scratch) const {
    const TileColumns& columns = columns_[static_cast<size_t>(tile)];
    if (reads_a_ && tiles_->wants_many_panels()) {
      join(blocks, scratch.joined);
      blocks = scratch.joined;
    }
    while (scratch.sums.size() < blocks.size()) {
      scratch.sums.emplace_back().memory.reset(
          allocate_host(static_cast<size_t>(kMostTileColumns * split_.tokens) * sizeof(float)));
    }
    scratch.tasks.clear();
    for (size_t b = 0; b < blocks.size(); ++b) {
      scratch.tasks.push_back(make_task(blocks[b], columns, A, panels[b], C, scratch.sums[b]));
    }
    tiles_->multiply(tile, scratch.tasks);
    for (size_t b = 0; b < blocks.size(); ++b) {
      finish(blocks[b], columns, scratch.tasks[b], scratch.sums[b], panels[b], C);
    }
  }

  /// Blocks that lie side by side in A and C as one: beside what it multiplies a task costs as much
  /// as some dozens of rows, which is a quarter of the time where K is 64. Panels of such blocks
  /// hold nothing, so that any may stand for theirs.
  static void join(std::span<const TokenBlock> blocks, std::vector<TokenBlock>& joined) {
    joined.clear();
    for (const TokenBlock& block : blocks) {
      if (!joined.empty() && block.lead() == 0 && joined.back().end() == block.begin) {
        joined.back().count += block.count;
      } else {
        joined.push_back(block);
      }
    }
  }

  /// Tokens that a panel has before the block's first.
  [[nodiscard]] int64_t lead_of(const TokenBlock& block) const {
    return reads_a_ ? block.lead() : 0;
  }

  PanelTask make_task(const TokenBlock& block, const TileColumns& columns, const void* A,
                      const Panel& panel, void* C, PanelSums& sums) const {
    const size_t count = columns.places.size(), padded = columns.start.size();
    const bool in_place = makes_in_place(block);
    if (in_place) find_places(block, columns, panel, C, sums.sums);
    float* elsewhere = sums.elsewhere();
    for (size_t i = in_place ? count : 0; i < padded; ++i, elsewhere += split_.tokens) {
      sums.sums[i] = elsewhere;
    }
    const bool rounds = activation_ == Activation::kNone && tiles_->rows() != PanelRows::kF32 &&
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
    if (tiles_->leaves_out_tokens()) {
      to.lead = lead_of(block);
      to.tail = to.tokens - to.lead - block.count;
    }
    if (add_to_c_) {
      if (!in_place) {
        io_.load(block, columns.places, panel.results, C, sums.elsewhere() + lead_of(block));
      }
      for (size_t i = 0; i < count; ++i) {
        for (int64_t t = to.lead; t < to.tokens - to.tail; ++t) {
          sums.sums[i][t] += columns.start[i];
        }
      }
    }
    const float* rows =
        reads_a_ ? static_cast<const float*>(A) + block.begin - lead_of(block) : panel.rows;
    return {rows, reads_a_ ? shape_.M : split_.tokens, to};
  }

  /// Sums of f32 where results belong.
  [[nodiscard]] bool makes_in_place(const TokenBlock& block) const {
    return tiles_->leaves_out_tokens() || io_.makes_in_place<float>(block);
  }

  template <class T>
  void find_places(const TokenBlock& block, const TileColumns& columns, const Panel& panel, void* C,
                   std::array<T*, kMostTileColumns>& to) const {
    T* const first = io_.first_place<T>(block, panel.results, C) - lead_of(block);
    std::ranges::transform(columns.places, to.begin(),
                           [first](int64_t place) { return first + place; });
  }

  void finish(const TokenBlock& block, const TileColumns& columns, const PanelTask& task,
              const PanelSums& sums, const Panel& panel, void* C) const {
    if (task.to.rounded != nullptr) return;
    if (activation_ != Activation::kNone) {
      const ColumnSums& to = task.to;
      for (size_t i = 0; i < columns.places.size(); ++i) {
        activate(to.sums[i] + to.lead, to.tokens - to.lead - to.tail, activation_);
      }
    }
    if (!makes_in_place(block)) {
      io_.store(block, columns.places, sums.elsewhere() + lead_of(block), panel.results, C);
    }
  }

  GemmShape shape_;
  Activation activation_;
  bool add_to_c_;
  PanelSplit split_;
  std::unique_ptr<PanelTiles> tiles_;
  PanelIo io_;
  bool reads_a_;  ///< without panels of it
  std::string format_;
  std::vector<TileColumns> columns_;  ///< [tiles]
  std::vector<HostFloats> rows_;      ///< of `panels_`
  std::vector<HostBytes> results_;    ///< of `panels_`
  std::vector<Panel> panels_;         ///< of each thread, or of each block of a round
  std::vector<Scratch> scratch_;      ///< [threads]
  int64_t run_ = 0;
};

}  // namespace

std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelSplit split,
                                      std::unique_ptr<PanelTiles> tiles, std::string format) {
  return std::make_unique<PanelPlan>(problem, std::move(split), std::move(tiles),
                                     std::move(format));
}

}  // namespace tvw::kernels::cpu
