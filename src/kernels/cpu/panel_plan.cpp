#include "kernels/cpu/panel_plan.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_io.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Scratch for a block: activations and results, feature by feature.
struct Panel {
  HostFloats rows;    ///< [rows][tokens], of 4 bytes whatever they are
  HostBytes results;  ///< as PanelIo has them
};

class PanelPlan final : public Plan {
 public:
  PanelPlan(const Problem& problem, PanelSplit split, std::unique_ptr<PanelTiles> tiles,
            std::string format)
      : shape_(problem.shape()),
        activation_(problem.epilogue.activation),
        add_to_c_(problem.epilogue.add_to_c),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        split_(std::move(split)),
        tiles_(std::move(tiles)),
        io_(problem, tiles_->rows(), split_.tokens),
        reads_a_(io_.packed_already() && tiles_->takes_any_stride()),
        format_(std::move(format)) {
    bias_.resize(static_cast<size_t>(shape_.N), 0.0f);
  }

  void run(const void* A, void* C) override {
    if (split_.whole) {
      run_panel_by_panel(A, C);
    } else {
      run_step_by_step(A, C);
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
  /// Each thread has a panel of its own, which stays in its cache from the first step to the last.
  void run_panel_by_panel(const void* A, void* C) {
    make_panels(thread_count());
    parallel_for_with_scratch(std::ssize(split_.blocks), [&](int64_t b, int thread) {
      Panel& panel = panels_[static_cast<size_t>(thread)];
      const TokenBlock& block = split_.blocks[static_cast<size_t>(b)];
      for (int64_t step = 0; step < io_.pack_steps(); ++step) pack(block, step, A, panel);
      for (int64_t step = 0; step < pack_results_steps(); ++step) {
        pack_results(block, step, C, panel);
      }
      for (int64_t tile = 0; tile < tiles_->count(); ++tile) multiply(block, tile, A, panel, C);
      for (int64_t step = 0; step < io_.unpack_steps(); ++step) unpack(block, step, panel, C);
    });
  }

  /// All threads pack, then all multiply, a tile after the other with all panels, then all unpack.
  void run_step_by_step(const void* A, void* C) {
    make_panels(std::ssize(split_.blocks));
    const auto for_each = [&](int64_t steps, const auto& do_step) {
      parallel_for(std::ssize(split_.blocks) * steps, [&](int64_t item) {
        const auto b = static_cast<size_t>(item / steps);
        do_step(split_.blocks[b], item % steps, panels_[b]);
      });
    };
    for_each(io_.pack_steps(), [&](const TokenBlock& block, int64_t step, Panel& panel) {
      pack(block, step, A, panel);
    });
    for_each(pack_results_steps(), [&](const TokenBlock& block, int64_t step, Panel& panel) {
      pack_results(block, step, C, panel);
    });
    const auto blocks = std::ssize(split_.blocks);
    parallel_for(tiles_->count() * blocks, [&](int64_t item) {
      const auto b = static_cast<size_t>(item % blocks);
      multiply(split_.blocks[b], item / blocks, A, panels_[b], C);
    });
    for_each(io_.unpack_steps(), [&](const TokenBlock& block, int64_t step, Panel& panel) {
      unpack(block, step, panel, C);
    });
  }

  void make_panels(int64_t count) {
    const int64_t rows = reads_a_ ? 0 : row_count(tiles_->rows(), shape_.K);
    while (std::ssize(panels_) < count) {
      Panel panel;
      panel.rows.resize(static_cast<size_t>(rows * split_.tokens));
      panel.results.resize(static_cast<size_t>(io_.results_bytes()));
      panels_.push_back(std::move(panel));
    }
  }

  void pack(const TokenBlock& block, int64_t step, const void* A, Panel& panel) const {
    if (!reads_a_) io_.pack(block, step, A, panel.rows.data());
  }

  [[nodiscard]] int64_t pack_results_steps() const { return add_to_c_ ? io_.unpack_steps() : 0; }
  void pack_results(const TokenBlock& block, int64_t step, const void* C, Panel& panel) const {
    io_.pack_results(block, step, C, panel.results.data());
  }

  void unpack(const TokenBlock& block, int64_t step, const Panel& panel, void* C) const {
    io_.unpack(block, step, panel.results.data(), C);
  }

  void multiply(const TokenBlock& block, int64_t tile, const void* A, Panel& panel, void* C) const {
    // Sums that are not made in place, and those of columns that a group lacks.
    alignas(64) thread_local float elsewhere[kMostTileColumns][kMostTokens];
    std::array<float*, kMostTileColumns> sums;
    std::array<float, kMostTileColumns> start;
    const auto columns = tiles_->columns(tile);
    void* results = panel.results.data();
    size_t i = 0;
    for (; i < columns.size(); ++i) {
      float* in_place = io_.in_place<float>(block, columns[i], results, C);
      sums[i] = in_place != nullptr ? in_place : elsewhere[i];
      start[i] = bias_[static_cast<size_t>(columns[i])];
    }
    for (; i % kGroupColumns != 0; ++i) {
      sums[i] = elsewhere[i];
      start[i] = 0.0f;
    }
    std::array<uint16_t*, kMostTileColumns> rounded;
    const bool rounds = activation_ == Activation::kNone &&
                        tiles_->rows() == PanelRows::kBf16Pairs &&
                        find_places(block, columns, results, C, rounded);
    const int64_t tokens = round_up(block.count, kVectorTokens);
    if (add_to_c_) {
      if (sums[0] == elsewhere[0]) io_.load(block, columns, results, C, elsewhere[0]);
      for (i = 0; i < columns.size(); ++i) {
        for (int64_t t = 0; t < tokens; ++t) sums[i][t] += start[i];
      }
    }
    const float* rows = reads_a_ ? static_cast<const float*>(A) + block.begin : panel.rows.data();
    tiles_->multiply(tile, {rows, reads_a_ ? shape_.M : split_.tokens, tokens, sums.data(),
                            add_to_c_ ? nullptr : start.data(), rounds ? rounded.data() : nullptr});
    if (rounds) return;
    if (activation_ != Activation::kNone) {
      for (i = 0; i < columns.size(); ++i) activate(sums[i], tokens, activation_);
    }
    if (sums[0] == elsewhere[0]) io_.store(block, columns, elsewhere[0], results, C);
  }

  /// Where finished sums can go straight to their places in bf16; false if they cannot.
  bool find_places(const TokenBlock& block, std::span<const int32_t> columns, void* results,
                   void* C, std::array<uint16_t*, kMostTileColumns>& places) const {
    alignas(64) thread_local uint16_t nowhere[kMostTokens];  // of columns that a group lacks
    size_t i = 0;
    for (; i < columns.size(); ++i) {
      places[i] = io_.in_place<uint16_t>(block, columns[i], results, C);
      if (places[i] == nullptr) return false;
    }
    for (; i % kGroupColumns != 0; ++i) places[i] = nowhere;
    return true;
  }

  GemmShape shape_;
  Activation activation_;
  bool add_to_c_;
  std::vector<float> bias_;  ///< [N]
  PanelSplit split_;
  std::unique_ptr<PanelTiles> tiles_;
  PanelIo io_;
  bool reads_a_;  ///< without panels of it
  std::string format_;
  std::vector<Panel> panels_;  ///< of each thread, or of each block
};

}  // namespace

std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelSplit split,
                                      std::unique_ptr<PanelTiles> tiles, std::string format) {
  return std::make_unique<PanelPlan>(problem, std::move(split), std::move(tiles),
                                     std::move(format));
}

}  // namespace tvw::kernels::cpu
