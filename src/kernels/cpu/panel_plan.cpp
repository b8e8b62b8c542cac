#include "kernels/cpu/panel_plan.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr int64_t kVectorTokens = 16;   ///< panels are padded to whole vectors of AVX-512
constexpr int64_t kTransposeRows = 64;  ///< features that one step of packing handles

/// One block of tokens.
struct TokenBlock {
  int64_t begin = 0;
  int64_t count = 0;   ///< up to kPanelTokens
  int64_t padded = 0;  ///< whole vectors
};

class PanelPlan final : public Plan {
 public:
  PanelPlan(const Problem& problem, PanelWeights weights, std::string kernel)
      : M_(problem.M),
        layout_(problem.layout),
        activation_(problem.epilogue.activation),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        weights_(std::move(weights)),
        kernel_(std::move(kernel)) {
    for (int64_t begin = 0; begin < M_; begin += kPanelTokens) {
      const int64_t count = std::min(kPanelTokens, M_ - begin);
      blocks_.push_back(
          {begin, count, (count + kVectorTokens - 1) / kVectorTokens * kVectorTokens});
    }
    const auto blocks = static_cast<int64_t>(blocks_.size());
    panels_.resize(static_cast<size_t>(blocks * weights_.K * kPanelTokens));
    // Results by feature: the whole of C for token-major, which is turned at the end.
    results_.resize(static_cast<size_t>(blocks * weights_.N * kPanelTokens));
  }

  void run(const void* A, void* C) override {
    const auto* a = static_cast<const float*>(A);
    auto* c = static_cast<float*>(C);
    pack_panels(a);
    multiply(c);
    if (layout_ == Layout::kTokenMajor) turn_results(c);
  }

  [[nodiscard]] std::string kernel_name() const override { return kernel_ + "_" + isa_name(); }
  [[nodiscard]] std::string isa() const override { return isa_name(); }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * static_cast<double>(weights_.entries()) * static_cast<double>(M_);
  }

 private:
  [[nodiscard]] float* panel(int64_t block) {
    return panels_.data() + block * weights_.K * kPanelTokens;
  }
  [[nodiscard]] float* result(int64_t block, int64_t n) {
    return results_.data() + (block * weights_.N + n) * kPanelTokens;
  }
  [[nodiscard]] int64_t blocks() const { return static_cast<int64_t>(blocks_.size()); }

  void pack_panels(const float* a) {
    const int64_t K = weights_.K;
    const int64_t steps = (K + kTransposeRows - 1) / kTransposeRows;
    parallel_for(blocks() * steps, [&](int64_t item) {
      const TokenBlock& block = blocks_[static_cast<size_t>(item / steps)];
      const int64_t k0 = item % steps * kTransposeRows;
      const int64_t rows = std::min(kTransposeRows, K - k0);
      float* to = panel(item / steps) + k0 * kPanelTokens;
      if (layout_ == Layout::kTokenMajor) {
        transpose(a + block.begin * K + k0, K, to, kPanelTokens, rows, block.count);
      } else {
        for (int64_t r = 0; r < rows; ++r) {
          std::memcpy(to + r * kPanelTokens, a + (k0 + r) * M_ + block.begin,
                      static_cast<size_t>(block.count) * sizeof(float));
        }
      }
      // The padding stays 0 from the plan's construction: nothing writes there.
    });
  }

  void multiply(float* c) {
    const auto tiles = static_cast<int64_t>(weights_.tiles.size());
    parallel_for(blocks() * tiles, [&](int64_t item) {
      const int64_t b = item / tiles;
      const PanelTile& tile = weights_.tiles[static_cast<size_t>(item % tiles)];
      multiply_tile(b, tile);
      if (layout_ == Layout::kFeatureMajor) {
        for (const int32_t n : tile.columns) store_feature(b, n, c);
      }
    });
    for (const int32_t n : weights_.empty_columns) {
      for (int64_t b = 0; b < blocks(); ++b) {
        std::fill_n(result(b, n), kPanelTokens, 0.0f);
        if (layout_ == Layout::kFeatureMajor) store_feature(b, n, c);
      }
    }
  }

  /// One tile on one panel.
  void multiply_tile(int64_t b, const PanelTile& tile) {
    alignas(64) thread_local float gathered[kChunkRows * kPanelTokens];
    alignas(64) thread_local float sums[kTileColumns * kPanelTokens];
    const float* weights = tile.weights.data();
    const uint16_t* offsets = tile.offsets.data();
    const int32_t* counts = tile.counts.data();
    ChunkRows chunk{nullptr, blocks_[static_cast<size_t>(b)].padded, true};
    for (int64_t begin = 0; begin == 0 || begin < std::ssize(tile.rows); begin += kChunkRows) {
      chunk.first = begin == 0;
      const int64_t rows = std::min(kChunkRows, std::ssize(tile.rows) - begin);
      chunk.rows = chunk_rows(
          b, std::span(tile.rows).subspan(static_cast<size_t>(begin), static_cast<size_t>(rows)),
          gathered);
      for (int64_t g = 0; g < tile.groups(); ++g) {
        float* to = sums + g * kGroupColumns * kPanelTokens;
        int64_t count = rows;
        if (tile.counts.empty()) {
          multiply_shared(chunk, {weights, count}, to);
        } else {
          count = *counts++;
          multiply_lists(chunk, {weights, offsets, count}, to);
          offsets += count * kGroupColumns;
        }
        weights += count * kGroupColumns;
      }
    }
    for (size_t c = 0; c < tile.columns.size(); ++c) {
      std::copy_n(sums + static_cast<int64_t>(c) * kPanelTokens, kPanelTokens,
                  result(b, tile.columns[c]));
    }
  }

  /// The rows one after the other: in the panel itself if they are neighbours, else copied.
  const float* chunk_rows(int64_t b, std::span<const int32_t> rows, float* gathered) {
    if (rows.empty()) return gathered;
    if (rows.back() - rows.front() + 1 == std::ssize(rows) &&
        std::is_sorted(rows.begin(), rows.end())) {
      return panel(b) + rows.front() * kPanelTokens;
    }
    gather_rows(panel(b), rows.data(), std::ssize(rows), gathered);
    return gathered;
  }

  [[nodiscard]] float bias(int64_t n) const {
    return bias_.empty() ? 0.0f : bias_[static_cast<size_t>(n)];
  }

  void store_feature(int64_t b, int64_t n, float* c) {
    const TokenBlock& block = blocks_[static_cast<size_t>(b)];
    float* to = c + n * M_ + block.begin;
    std::memcpy(to, result(b, n), static_cast<size_t>(block.count) * sizeof(float));
    finish_feature(to, block.count, bias(n), activation_);
  }

  /// Results by feature into rows of tokens, a strip of features at a time.
  void turn_results(float* c) {
    const int64_t N = weights_.N;
    const int64_t steps = (N + kTransposeRows - 1) / kTransposeRows;
    parallel_for(blocks() * steps, [&](int64_t item) {
      const int64_t b = item / steps;
      const TokenBlock& block = blocks_[static_cast<size_t>(b)];
      const int64_t n0 = item % steps * kTransposeRows;
      const int64_t features = std::min(kTransposeRows, N - n0);
      float* to = c + block.begin * N + n0;
      transpose(result(b, n0), kPanelTokens, to, N, block.count, features);
      if (bias_.empty() && activation_ == Activation::kNone) return;
      for (int64_t m = 0; m < block.count; ++m) {
        finish_token(to + m * N, features, bias_.empty() ? nullptr : bias_.data() + n0,
                     activation_);
      }
    });
  }

  int64_t M_;
  Layout layout_;
  Activation activation_;
  std::vector<float> bias_;  ///< [N] or empty
  PanelWeights weights_;
  std::string kernel_;
  std::vector<TokenBlock> blocks_;
  AlignedFloats panels_;   ///< [blocks, K, kPanelTokens]
  AlignedFloats results_;  ///< [blocks, N, kPanelTokens]
};

}  // namespace

int64_t PanelTile::chunks() const { return (std::ssize(rows) + kChunkRows - 1) / kChunkRows; }
int64_t PanelTile::groups() const {
  return (std::ssize(columns) + kGroupColumns - 1) / kGroupColumns;
}

int64_t PanelWeights::entries() const {
  int64_t sum = 0;
  for (const PanelTile& tile : tiles) sum += std::ssize(tile.weights);
  return sum;
}

int64_t PanelWeights::size_bytes() const {
  int64_t bytes = 0;
  for (const PanelTile& tile : tiles) {
    bytes += static_cast<int64_t>(
        tile.weights.size() * sizeof(float) + tile.offsets.size() * sizeof(uint16_t) +
        (tile.rows.size() + tile.columns.size() + tile.counts.size()) * sizeof(int32_t));
  }
  return bytes;
}

Support panel_supports(const Problem& problem) {
  if (problem.dtype != DType::kF32) {
    return Support::no("computes in f32 only, asked for " + std::string(name(problem.dtype)));
  }
  if (problem.M < 1) return Support::no("M is " + std::to_string(problem.M));
  return Support::yes();
}

std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelWeights weights,
                                      std::string kernel) {
  return std::make_unique<PanelPlan>(problem, std::move(weights), std::move(kernel));
}

}  // namespace tvw::kernels::cpu
