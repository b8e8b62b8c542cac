#include "kernels/cpu/panel_plan.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr int64_t kStripFeatures = 64;  ///< that are transposed together

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// One block of tokens.
struct TokenBlock {
  int64_t begin = 0;
  int64_t count = 0;
};

/// Scratch for a block: activations and results, feature by feature.
struct Panel {
  HostFloats rows;     ///< [K, shape.tokens]
  HostFloats results;  ///< [N, shape.tokens]
};

/// Share of the fastest rate that inner loops reach with panels of so many tokens: each weight is
/// broadcast for fewer vectors.
double rate(int64_t tokens) {
  switch (tokens) {
    case 128:
      return 1.0;
    case 64:
      return 0.95;
    case 32:
      return 0.85;
    default:
      return 0.65;
  }
}

/// Share of their time that threads have work, if each takes whole panels.
double balance(int64_t panels, int64_t threads) {
  return static_cast<double>(panels) / static_cast<double>(round_up(panels, threads));
}

/// Threads share panels, at the cost of waiting for each other and of each other's caches.
constexpr double kSharedPanelRate = 0.9;

class PanelPlan final : public Plan {
 public:
  PanelPlan(const Problem& problem, PanelWeights weights, std::string kernel)
      : M_(problem.M),
        token_major_(problem.layout == Layout::kTokenMajor),
        activation_(problem.epilogue.activation),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        weights_(std::move(weights)),
        kernel_(std::move(kernel)) {
    bias_.resize(static_cast<size_t>(weights_.N), 0.0f);
    const int64_t tokens = weights_.shape.tokens;
    for (int64_t begin = 0; begin < M_; begin += tokens) {
      blocks_.push_back({begin, std::min(tokens, M_ - begin)});
    }
  }

  void run(const void* A, void* C) override {
    const auto* a = static_cast<const float*>(A);
    auto* c = static_cast<float*>(C);
    const int64_t threads = thread_count();
    if (balance(std::ssize(blocks_), threads) >= kSharedPanelRate) {
      run_panel_by_panel(a, c, threads);
    } else {
      run_step_by_step(a, c);
    }
  }

  [[nodiscard]] std::string kernel_name() const override {
    return kernel_ + "_" + isa_name() + " " + std::to_string(weights_.shape.tokens) + " tokens";
  }
  [[nodiscard]] std::string isa() const override { return isa_name(); }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * weights_.products * static_cast<double>(M_);
  }

 private:
  /// Each thread has a panel of its own, which stays in its cache from the first step to the last.
  void run_panel_by_panel(const float* a, float* c, int64_t threads) {
    make_panels(threads);
    parallel_for_with_scratch(std::ssize(blocks_), [&](int64_t b, int thread) {
      Panel& panel = panels_[static_cast<size_t>(thread)];
      const TokenBlock& block = blocks_[static_cast<size_t>(b)];
      for (int64_t k = 0; k < weights_.K; k += kStripFeatures) pack_strip(block, k, a, panel);
      for (const PanelTile& tile : weights_.tiles) multiply(block, tile, a, panel, c);
      for (int64_t n = 0; n < weights_.N; n += kStripFeatures) unpack_strip(block, n, panel, c);
    });
  }

  /// All threads pack, then all multiply, then all unpack.
  void run_step_by_step(const float* a, float* c) {
    make_panels(std::ssize(blocks_));
    const auto for_each = [&](int64_t steps, const auto& step) {
      parallel_for(std::ssize(blocks_) * steps, [&](int64_t item) {
        const auto b = static_cast<size_t>(item / steps);
        step(blocks_[b], item % steps, panels_[b]);
      });
    };
    if (token_major_) {
      for_each(strips(weights_.K), [&](const TokenBlock& block, int64_t strip, Panel& panel) {
        pack_strip(block, strip * kStripFeatures, a, panel);
      });
    }
    for_each(std::ssize(weights_.tiles), [&](const TokenBlock& block, int64_t tile, Panel& panel) {
      multiply(block, weights_.tiles[static_cast<size_t>(tile)], a, panel, c);
    });
    if (token_major_) {
      for_each(strips(weights_.N), [&](const TokenBlock& block, int64_t strip, Panel& panel) {
        unpack_strip(block, strip * kStripFeatures, panel, c);
      });
    }
  }

  static int64_t strips(int64_t features) {
    return (features + kStripFeatures - 1) / kStripFeatures;
  }

  void make_panels(int64_t count) {
    const auto floats = [&](int64_t features) {
      return static_cast<size_t>(features * weights_.shape.tokens);
    };
    while (std::ssize(panels_) < count) {
      Panel panel;
      panel.rows.resize(token_major_ ? floats(weights_.K) : 0);
      panel.results.resize(floats(weights_.N));
      panels_.push_back(std::move(panel));
    }
  }

  void pack_strip(const TokenBlock& block, int64_t k, const float* a, Panel& panel) {
    if (!token_major_) return;
    transpose(a + block.begin * weights_.K + k, weights_.K,
              panel.rows.data() + k * weights_.shape.tokens, weights_.shape.tokens,
              std::min(kStripFeatures, weights_.K - k), block.count);
  }

  void unpack_strip(const TokenBlock& block, int64_t n, Panel& panel, float* c) {
    if (!token_major_) return;
    transpose(panel.results.data() + n * weights_.shape.tokens, weights_.shape.tokens,
              c + block.begin * weights_.N + n, weights_.N, block.count,
              std::min(kStripFeatures, weights_.N - n));
  }

  /// Chunk after chunk of the tile's rows, all columns on each while it is in the L1 cache.
  void multiply(const TokenBlock& block, const PanelTile& tile, const float* a, Panel& panel,
                float* c) {
    alignas(64) thread_local float gathered[kChunkBytes / sizeof(float)];
    alignas(64) thread_local float unused[kMostTokens];  // of columns that a group lacks
    std::array<float*, kTileColumns> sums;
    std::array<float, kTileColumns> start;
    sums.fill(unused);
    start.fill(0.0f);
    for (size_t i = 0; i < tile.columns.size(); ++i) {
      sums[i] = sums_of(block, tile.columns[i], panel, c);
      start[i] = bias_[static_cast<size_t>(tile.columns[i])];
    }
    const auto columns = std::ssize(tile.columns);
    const int64_t groups = round_up(columns, kGroupColumns) / kGroupColumns;
    const auto row_count = std::ssize(tile.rows);
    ChunkRows chunk{gathered, weights_.shape.tokens, round_up(block.count, kVectorTokens),
                    sums.data(), start.data()};
    const float* weights = tile.weights.data();
    const uint16_t* offsets = tile.offsets.data();
    const int32_t* counts = tile.counts.data();
    int64_t begin = 0;
    do {
      const int64_t rows = std::min(weights_.shape.chunk_rows, row_count - begin);
      chunk.rows = chunk_rows(block, std::span(tile.rows).subspan(static_cast<size_t>(begin),
                                                                  static_cast<size_t>(rows)),
                              a, panel, gathered);
      if (tile.has_own_rows()) {
        multiply_own_rows(chunk, {weights, offsets, counts, columns});
        for (int64_t i = 0; i < columns; ++i) weights += counts[i], offsets += counts[i];
        counts += columns;
      } else {
        multiply_shared_rows(chunk, {weights, rows, groups});
        weights += rows * groups * kGroupColumns;
      }
      chunk.start = nullptr;
      begin += rows;
    } while (begin < row_count);
    for (size_t i = 0; i < tile.columns.size(); ++i) {
      if (activation_ != Activation::kNone) activate(sums[i], chunk.tokens, activation_);
      if (!token_major_) store_partial(block, tile.columns[i], sums[i], c);
    }
  }

  /// Where a column's sums are kept: in C itself where it holds whole vectors of tokens.
  float* sums_of(const TokenBlock& block, int64_t n, Panel& panel, float* c) const {
    if (!token_major_ && block.count % kVectorTokens == 0) return c + n * M_ + block.begin;
    return panel.results.data() + n * weights_.shape.tokens;
  }

  void store_partial(const TokenBlock& block, int64_t n, const float* sums, float* c) const {
    float* to = c + n * M_ + block.begin;
    if (to != sums) std::copy_n(sums, block.count, to);
  }

  /// The rows one after the other: in the panel itself if they are neighbours, else copied.
  const float* chunk_rows(const TokenBlock& block, std::span<const int32_t> rows, const float* a,
                          const Panel& panel, float* gathered) const {
    const int64_t tokens = weights_.shape.tokens;
    if (!token_major_) {
      gather_rows(a + block.begin, M_, rows, block.count, gathered, tokens);
      return gathered;
    }
    if (!rows.empty() && rows.back() - rows.front() + 1 == std::ssize(rows) &&
        std::is_sorted(rows.begin(), rows.end())) {
      return panel.rows.data() + rows.front() * tokens;
    }
    gather_rows(panel.rows.data(), tokens, rows, tokens, gathered, tokens);
    return gathered;
  }

  int64_t M_;
  bool token_major_;
  Activation activation_;
  std::vector<float> bias_;  ///< [N]
  PanelWeights weights_;
  std::string kernel_;
  std::vector<TokenBlock> blocks_;
  std::vector<Panel> panels_;  ///< of each thread, or of each block
};

}  // namespace

Support panel_supports(const Problem& problem) {
  if (problem.dtype != DType::kF32) {
    return Support::no("computes in f32 only, asked for " + std::string(name(problem.dtype)));
  }
  if (problem.M < 1) return Support::no("M is " + std::to_string(problem.M));
  return Support::yes();
}

PanelShape choose_panel_shape(int64_t M, int threads) {
  int64_t best = kVectorTokens;
  double best_rate = 0.0;
  for (int64_t tokens = kVectorTokens; tokens <= kMostTokens; tokens *= 2) {
    const int64_t panels = (M + tokens - 1) / tokens;
    const double full = static_cast<double>(M) / static_cast<double>(panels * tokens);
    const double expected = full * rate(tokens) * std::max(kSharedPanelRate, balance(panels, threads));
    if (expected > best_rate) {
      best = tokens;
      best_rate = expected;
    }
  }
  return make_panel_shape(best);
}

std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelWeights weights,
                                      std::string kernel) {
  return std::make_unique<PanelPlan>(problem, std::move(weights), std::move(kernel));
}

}  // namespace tvw::kernels::cpu
