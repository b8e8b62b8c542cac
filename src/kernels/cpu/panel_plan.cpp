#include "kernels/cpu/panel_plan.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_io.hpp"
#include "kernels/cpu/panel_multiplier.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

template <class T>
std::span<T> subspan(std::span<T> all, Range part) {
  return all.subspan(static_cast<size_t>(part.begin), static_cast<size_t>(part.count()));
}

/// Scratch of a thread, on cache lines of its own: every task writes to it.
struct alignas(64) Scratch {
  PanelMultiplier::Scratch multiplier;
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
        add_to_c_(problem.epilogue.add_to_c),
        split_(std::move(split)),
        tiles_(std::move(tiles)),
        io_(problem, tiles_->rows(), split_.tokens),
        multiplier_(problem, split_, *tiles_, io_),
        format_(std::move(format)) {}

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
           " tokens" + (multiplier_.reads_a() ? ", in place" : "");
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
        multiplier_.multiply(blocks, tile, A, panels, C, of_thread(thread));
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
      multiplier_.multiply(blocks, tile, A, panels, C, scratch.multiplier);
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
                          multiplier_.multiply(subspan(blocks, part), item % tiles, A,
                                               subspan(std::span(panels_), part), C,
                                               of_thread(thread));
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
    const int64_t rows = multiplier_.reads_a() ? 0 : panel_rows();
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
  PanelMultiplier::Scratch& of_thread(int thread) {
    return scratch_[static_cast<size_t>(thread)].multiplier;
  }

  [[nodiscard]] int64_t pack_steps() const { return multiplier_.reads_a() ? 0 : io_.pack_steps(); }
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

  GemmShape shape_;
  bool add_to_c_;
  PanelSplit split_;
  std::unique_ptr<PanelTiles> tiles_;
  PanelIo io_;
  PanelMultiplier multiplier_;
  std::string format_;
  std::vector<HostFloats> rows_;    ///< of `panels_`
  std::vector<HostBytes> results_;  ///< of `panels_`
  std::vector<Panel> panels_;       ///< of each thread, or of each block of a round
  std::vector<Scratch> scratch_;    ///< [threads]
  int64_t run_ = 0;
};

}  // namespace

std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelSplit split,
                                      std::unique_ptr<PanelTiles> tiles, std::string format) {
  return std::make_unique<PanelPlan>(problem, std::move(split), std::move(tiles),
                                     std::move(format));
}

}  // namespace tvw::kernels::cpu
