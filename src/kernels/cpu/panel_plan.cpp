#include "kernels/cpu/panel_plan.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Scratch for a block: activations and results, feature by feature.
struct Panel {
  HostFloats rows;     ///< [K, tokens], unless activations are read in place
  HostFloats results;  ///< [N, tokens]
};

constexpr int64_t kStepRows = 64;  ///< of feature-major activations that are packed together

class PanelPlan final : public Plan {
 public:
  PanelPlan(const Problem& problem, PanelSplit split, PanelWeights weights, std::string kernel)
      : M_(problem.M),
        token_major_(problem.layout == Layout::kTokenMajor),
        activation_(problem.epilogue.activation),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        split_(std::move(split)),
        weights_(std::move(weights)),
        kernel_(std::move(kernel)) {
    bias_.resize(static_cast<size_t>(weights_.N), 0.0f);
  }

  void run(const void* A, void* C) override {
    const auto* a = static_cast<const float*>(A);
    auto* c = static_cast<float*>(C);
    if (split_.whole) {
      run_panel_by_panel(a, c);
    } else {
      run_step_by_step(a, c);
    }
  }

  [[nodiscard]] std::string kernel_name() const override {
    return kernel_ + "_" + f32_isa_name() + " " + std::to_string(split_.tokens) + " tokens" +
           (split_.in_place ? ", in place" : "");
  }
  [[nodiscard]] std::string isa() const override { return f32_isa_name(); }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * weights_.products * static_cast<double>(M_);
  }

 private:
  /// Each thread has a panel of its own, which stays in its cache from the first step to the last.
  void run_panel_by_panel(const float* a, float* c) {
    make_panels(thread_count());
    parallel_for_with_scratch(std::ssize(split_.blocks), [&](int64_t b, int thread) {
      Panel& panel = panels_[static_cast<size_t>(thread)];
      const TokenBlock& block = split_.blocks[static_cast<size_t>(b)];
      for (int64_t step = 0; step < pack_steps(); ++step) pack(block, step, a, panel);
      for (const PanelTile& tile : weights_.tiles) multiply(block, tile, a, panel, c);
      for (int64_t step = 0; step < unpack_steps(); ++step) unpack(block, step, panel, c);
    });
  }

  /// All threads pack, then all multiply, then all unpack.
  void run_step_by_step(const float* a, float* c) {
    make_panels(std::ssize(split_.blocks));
    const auto for_each = [&](int64_t steps, const auto& do_step) {
      parallel_for(std::ssize(split_.blocks) * steps, [&](int64_t item) {
        const auto b = static_cast<size_t>(item / steps);
        do_step(split_.blocks[b], item % steps, panels_[b]);
      });
    };
    for_each(pack_steps(), [&](const TokenBlock& block, int64_t step, Panel& panel) {
      pack(block, step, a, panel);
    });
    for_each(std::ssize(weights_.tiles), [&](const TokenBlock& block, int64_t tile, Panel& panel) {
      multiply(block, weights_.tiles[static_cast<size_t>(tile)], a, panel, c);
    });
    for_each(unpack_steps(), [&](const TokenBlock& block, int64_t step, Panel& panel) {
      unpack(block, step, panel, c);
    });
  }

  void make_panels(int64_t count) {
    const auto floats = [&](int64_t features) {
      return static_cast<size_t>(features * split_.tokens);
    };
    while (std::ssize(panels_) < count) {
      Panel panel;
      if (!split_.in_place) panel.rows.resize(floats(weights_.K));
      panel.results.resize(floats(weights_.N));
      panels_.push_back(std::move(panel));
    }
  }

  /// Steps of token-major activations are kVectorTokens tokens with all their features, so that
  /// each token is read from its first feature to its last; of feature-major ones, kStepRows rows.
  [[nodiscard]] int64_t pack_steps() const {
    if (split_.in_place) return 0;
    return token_major_ ? split_.tokens / kVectorTokens : (weights_.K + kStepRows - 1) / kStepRows;
  }
  void pack(const TokenBlock& block, int64_t step, const float* a, Panel& panel) const {
    const int64_t tokens = split_.tokens;
    if (token_major_) {
      const int64_t m = step * kVectorTokens;
      if (m >= block.count) return;
      transpose(a + (block.begin + m) * weights_.K, weights_.K, panel.rows.data() + m, tokens,
                weights_.K, std::min(kVectorTokens, block.count - m));
      return;
    }
    for (int64_t k = step * kStepRows; k < std::min(weights_.K, (step + 1) * kStepRows); ++k) {
      std::copy_n(a + k * M_ + block.begin, block.count, panel.rows.data() + k * tokens);
    }
  }

  /// Feature-major results are in C when they are computed.
  [[nodiscard]] int64_t unpack_steps() const {
    return token_major_ ? split_.tokens / kVectorTokens : 0;
  }
  void unpack(const TokenBlock& block, int64_t step, const Panel& panel, float* c) const {
    const int64_t m = step * kVectorTokens;
    if (m >= block.count) return;
    transpose(panel.results.data() + m, split_.tokens, c + (block.begin + m) * weights_.N,
              weights_.N, std::min(kVectorTokens, block.count - m), weights_.N);
  }

  /// Chunk after chunk of the tile's rows, all columns on each while it is in the L1 cache.
  void multiply(const TokenBlock& block, const PanelTile& tile, const float* a, Panel& panel,
                float* c) const {
    alignas(64) thread_local float unused[kMostTokens];  // sums of columns that a group lacks
    std::array<float*, kTileColumns> sums;
    std::array<float, kTileColumns> start;
    sums.fill(unused);
    start.fill(0.0f);
    for (size_t i = 0; i < tile.columns.size(); ++i) {
      sums[i] = sums_of(block, tile.columns[i], panel, c);
      start[i] = bias_[static_cast<size_t>(tile.columns[i])];
    }
    Rows rows{split_.in_place ? a + block.begin : panel.rows.data(), split_.stride,
              round_up(block.count, kVectorTokens), sums.data(), start.data()};
    if (tile.has_own_rows()) {
      multiply_own(tile, rows);
    } else {
      multiply_shared(tile, rows);
    }
    for (size_t i = 0; i < tile.columns.size(); ++i) {
      if (activation_ != Activation::kNone) activate(sums[i], rows.tokens, activation_);
      if (!token_major_) store_partial(block, tile.columns[i], sums[i], c);
    }
  }

  static void multiply_own(const PanelTile& tile, Rows& rows) {
    const auto columns = std::ssize(tile.columns);
    OwnRows own{tile.weights.data(), tile.offsets.data(), nullptr, columns};
    for (auto at = std::ptrdiff_t{0}; at < std::ssize(tile.counts); at += columns) {
      own.counts = tile.counts.data() + at;
      multiply_own_rows(rows, own);
      const int64_t entries = std::accumulate(own.counts, own.counts + columns, int64_t{0});
      own.weights += entries;
      own.offsets += entries;
      rows.start = nullptr;
    }
  }

  static void multiply_shared(const PanelTile& tile, Rows rows) {
    alignas(64) thread_local float gathered[kChunkRows * kMostTokens];
    const Rows all = rows;
    SharedRows shared{tile.weights.data(), 0,
                      round_up(std::ssize(tile.columns), kGroupColumns) / kGroupColumns};
    std::span<const int32_t> left(tile.rows);
    do {
      const auto chunk = left.first(std::min(left.size(), static_cast<size_t>(kChunkRows)));
      left = left.subspan(chunk.size());
      shared.rows = std::ssize(chunk);
      if (are_neighbours(chunk)) {
        rows.data = all.data + chunk.front() * all.stride;
        rows.stride = all.stride;
      } else {
        gather_rows(all.data, all.stride, chunk, all.tokens, gathered);
        rows.data = gathered;
        rows.stride = all.tokens;
      }
      multiply_shared_rows(rows, shared);
      shared.weights += shared.rows * shared.groups * kGroupColumns;
      rows.start = nullptr;
    } while (!left.empty());
  }

  static bool are_neighbours(std::span<const int32_t> ids) {
    return !ids.empty() && ids.back() - ids.front() + 1 == std::ssize(ids) &&
           std::is_sorted(ids.begin(), ids.end());
  }

  /// Where a column's sums are kept: in C itself where it holds whole vectors of tokens.
  float* sums_of(const TokenBlock& block, int64_t n, Panel& panel, float* c) const {
    if (!token_major_ && block.count % kVectorTokens == 0) return c + n * M_ + block.begin;
    return panel.results.data() + n * split_.tokens;
  }

  void store_partial(const TokenBlock& block, int64_t n, const float* sums, float* c) const {
    float* to = c + n * M_ + block.begin;
    if (to != sums) std::copy_n(sums, block.count, to);
  }

  int64_t M_;
  bool token_major_;
  Activation activation_;
  std::vector<float> bias_;  ///< [N]
  PanelSplit split_;
  PanelWeights weights_;
  std::string kernel_;
  std::vector<Panel> panels_;  ///< of each thread, or of each block
};

}  // namespace

std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelSplit split,
                                      PanelWeights weights, std::string kernel) {
  return std::make_unique<PanelPlan>(problem, std::move(split), std::move(weights),
                                     std::move(kernel));
}

}  // namespace tvw::kernels::cpu
