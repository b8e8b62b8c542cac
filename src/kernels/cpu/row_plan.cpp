#include "kernels/cpu/row_plan.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "kernels/cpu/parts.hpp"
#include "kernels/cpu/row_kernels.hpp"
#include "kernels/cpu/row_weights.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Some groups of columns of a tile, which one thread takes up.
struct Item {
  int64_t tile = 0;
  int64_t first_unit = 0;
  int64_t last_unit = 0;
};

/// Tiles are cut into single groups where there are not this many for each thread.
constexpr int64_t kItemsPerThread = 4;

/// Scratch of a thread.
struct Scratch {
  HostFloats rows;  ///< some of a tile's, gathered: [most rows][width]
  HostFloats sums;  ///< of an item so far: [width][most columns of an item]
  /// [blocks of tokens][K][width], zero where a token lacks; empty for one token.
  HostFloats blocks;
  int64_t run = 0;  ///< that `blocks` are of
};

/// Rows for as many tokens that are gathered and multiplied at a time: 8 KiB, which stay in the L1
/// beside weights and sums.
constexpr int64_t kWideChunkRows = 128;

/// Columns of results that one thread puts in their places.
constexpr int64_t kPlacedColumns = 2048;

/// Almost a wide block, which is less work as a whole one: the weights are read once.
constexpr int64_t kFewestOfWide = 13;

/// Tokens of a block.
int64_t block_width(int64_t M) {
  if (M == 1) return 1;
  const bool wide = M >= kFewestOfWide && cpu_isa() >= CpuIsa::kAvx512;
  return wide ? kMostRowTokens : kRowTokens;
}

/// Rows of a tile that are gathered and multiplied at a time. Of fewer tokens all: they wait for
/// weights, which come faster in long streams than rows come from the L1.
int64_t chunk_rows(int64_t width, int64_t K) {
  return width == kMostRowTokens ? kWideChunkRows : std::max<int64_t>(K, 1);
}

class RowPlan final : public Plan {
 public:
  RowPlan(const Problem& problem, RowWeights weights, std::string format)
      : M_(problem.M),
        width_(block_width(problem.M)),
        token_major_(problem.layout == Layout::kTokenMajor),
        bf16_(problem.dtype == DType::kBF16),
        activation_(problem.epilogue.activation),
        add_to_c_(problem.epilogue.add_to_c),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        weights_(std::move(weights)),
        format_(std::move(format)) {
    bias_.resize(static_cast<size_t>(weights_.N), 0.0f);
    places_.resize(static_cast<size_t>(weights_.N));
    const bool few_tiles = std::ssize(weights_.tiles) < kItemsPerThread * thread_count();
    for (int64_t t = 0; t < std::ssize(weights_.tiles); ++t) {
      const RowTile& tile = weights_.tiles[static_cast<size_t>(t)];
      most_rows_ = std::max(most_rows_, std::ssize(tile.rows));
      for (int64_t unit = 0; unit < tile.units();) {
        const int64_t units = few_tiles ? group_units(unit, tile.units()) : tile.units();
        items_.push_back({t, unit, unit + units});
        most_units_ = std::max(most_units_, units);
        unit += units;
      }
      first_sums_.push_back(sums_stride_);
      for (int64_t i = 0; i < std::ssize(tile.columns); ++i) {
        places_[static_cast<size_t>(tile.columns[static_cast<size_t>(i)])] =
            static_cast<int32_t>(sums_stride_ + i);
      }
      sums_stride_ += tile.units() * kUnitColumns;
    }
    sums_.resize(static_cast<size_t>(round_up(M_, width_) * sums_stride_));
    if (bf16_) {
      a_.resize(static_cast<size_t>(M_ * weights_.K));
      c_.resize(static_cast<size_t>(M_ * weights_.N));
    }
  }

  void run(const void* A, void* C) override {
    if (bf16_) {
      bf16_to_f32(static_cast<const uint16_t*>(A), std::ssize(a_), a_.data());
      if (add_to_c_) {
        bf16_to_f32(static_cast<const uint16_t*>(C), std::ssize(c_), c_.data());
      }
      multiply(a_.data(), c_.data());
      f32_to_bf16(c_.data(), std::ssize(c_), static_cast<uint16_t*>(C));
    } else {
      multiply(static_cast<const float*>(A), static_cast<float*>(C));
    }
  }

  [[nodiscard]] std::string kernel_name() const override {
    return format_ + "_f32_row_" + f32_isa_name() + " " + std::to_string(std::min(M_, width_)) +
           " tokens";
  }
  [[nodiscard]] std::string isa() const override { return f32_isa_name(); }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * weights_.products * static_cast<double>(M_);
  }

 private:
  void multiply(const float* a, float* c) {
    make_scratch();
    ++run_;
    parallel_for_with_scratch(std::ssize(items_), [&](int64_t i, int thread) {
      Scratch& scratch = scratch_[static_cast<size_t>(thread)];
      if (M_ > 1 && scratch.run != run_) {
        interleave(a, scratch.blocks.data());
        scratch.run = run_;
      }
      for (int64_t m = 0; m < M_; m += width_) {
        multiply(items_[static_cast<size_t>(i)], m,
                 M_ > 1 ? scratch.blocks.data() + m * weights_.K : a, scratch);
      }
    });
    place(c);
  }

  /// Blocks of width_ tokens, feature by feature: a kept row of a tile is then one load. Every
  /// thread makes them for itself, which takes less time than reading them from another's cache.
  void interleave(const float* a, float* blocks) const {
    const int64_t K = weights_.K;
    for (int64_t m = 0; m < M_; m += width_) {
      const int64_t count = std::min(width_, M_ - m);
      float* to = blocks + m * K;
      if (token_major_) {
        transpose(a + m * K, K, to, width_, K, count);
      } else {
        for (int64_t k = 0; k < K; ++k) std::copy_n(a + k * M_ + m, count, to + k * width_);
      }
    }
  }

  void make_scratch() {
    const int64_t padded = round_up(M_, width_);
    while (std::ssize(scratch_) < thread_count()) {
      Scratch scratch;
      const int64_t rows = std::min(most_rows_, weights_.chunk_steps * weights_.step_rows());
      scratch.rows.resize(static_cast<size_t>(rows * width_));
      scratch.sums.resize(static_cast<size_t>(most_units_ * kUnitColumns * width_));
      scratch.blocks.resize(static_cast<size_t>(M_ > 1 ? padded * weights_.K : 0));
      scratch_.push_back(std::move(scratch));
    }
  }

  void multiply(const Item& item, int64_t m, const float* block, Scratch& scratch) {
    const RowTile& tile = weights_.tiles[static_cast<size_t>(item.tile)];
    const int64_t item_columns = (item.last_unit - item.first_unit) * kUnitColumns;
    float* results = sums_.data() + m * sums_stride_ + first_sums_[static_cast<size_t>(item.tile)];
    int64_t step = 0;
    do {  // at least once: a tile without rows has sums, too
      const int64_t steps = weights_.steps_of_chunk(tile, step);
      gather(rows_of(tile, step, steps), block, scratch.rows.data());
      const bool last = step + steps == tile.steps;
      for (int64_t unit = item.first_unit; unit < item.last_unit;) {
        float* so_far = scratch.sums.data() + (unit - item.first_unit) * kUnitColumns;
        RowGroup group;
        group.weights = weights_.data.data() + weights_.unit_at(tile, unit, step);
        group.unit_floats = weights_.unit_floats(steps);
        group.steps = steps;
        group.units = group_units(unit, tile.units());
        group.rows = scratch.rows.data();
        group.width = width_;
        group.tokens = tokens_of_block(m);
        group.before = step > 0 ? so_far : nullptr;
        group.before_stride = item_columns;
        group.sums = last ? results + unit * kUnitColumns : so_far;
        group.sums_stride = last ? sums_stride_ : item_columns;
        if (weights_.slots == 0) {
          multiply_dense_group(group);
        } else {
          multiply_quad_group(group, weights_.slots);
        }
        unit += group.units;
      }
      step += steps;
    } while (step < tile.steps);
  }

  [[nodiscard]] std::span<const int32_t> rows_of(const RowTile& tile, int64_t step,
                                                 int64_t steps) const {
    return std::span(tile.rows).subspan(static_cast<size_t>(step * weights_.step_rows()),
                                        static_cast<size_t>(steps * weights_.step_rows()));
  }

  /// Of the block that begins with token m, those that are worked on; `sums_` has room for whole
  /// blocks.
  [[nodiscard]] int64_t tokens_of_block(int64_t m) const {
    const int64_t left = M_ - m;
    return left >= kFewestOfWide ? width_ : std::min(width_, left);
  }

  void gather(std::span<const int32_t> rows, const float* block, float* to) const {
    if (M_ == 1) {
      for (const int32_t k : rows) *to++ = k < 0 ? 0.0f : block[k];
    } else if (weights_.slots > 0) {
      gather_quads(block, rows, width_, to);
    } else {
      gather_tokens(block, rows, width_, to);
    }
  }

  /// Sums in the order of tiles to results in the order of columns. Threads that stored their
  /// tiles' columns there themselves would take each line of C from one another time and again.
  void place(float* c) {
    const int64_t N = weights_.N;
    const int64_t parts = (N + kPlacedColumns - 1) / kPlacedColumns;
    parallel_for(M_ * parts, [&](int64_t i) {
      const int64_t m = i / parts, first = i % parts * kPlacedColumns;
      const int64_t count = std::min(kPlacedColumns, N - first);
      const float* sums = sums_.data() + m * sums_stride_;
      float results[kPlacedColumns];
      float* to = token_major_ ? c + m * N + first : results;
      const auto result_of = [&](int64_t j) {
        const auto n = static_cast<size_t>(first + j);
        return sums[places_[n]] + bias_[n];
      };
      if (add_to_c_) {
        for (int64_t j = 0; j < count; ++j) {
          to[j] = result_of(j) + (token_major_ ? to[j] : c[(first + j) * M_ + m]);
        }
      } else {
        for (int64_t j = 0; j < count; ++j) to[j] = result_of(j);
      }
      if (activation_ != Activation::kNone) activate(to, count, activation_);
      if (token_major_) return;
      for (int64_t j = 0; j < count; ++j) c[(first + j) * M_ + m] = to[j];
    });
  }

  int64_t M_;
  int64_t width_;  ///< tokens of a block
  bool token_major_;
  bool bf16_;  ///< A and C
  Activation activation_;
  bool add_to_c_;
  std::vector<float> bias_;  ///< [N]
  RowWeights weights_;
  std::string format_;
  std::vector<Item> items_;
  int64_t most_rows_ = 0;            ///< of a tile
  int64_t most_units_ = 0;           ///< of an item
  std::vector<int32_t> places_;      ///< [N] of a column's sum among those of a token
  std::vector<int64_t> first_sums_;  ///< of each tile, among those of a token
  int64_t sums_stride_ = 0;          ///< sums of a token
  HostFloats sums_;                  ///< [M, in whole blocks][sums_stride_]
  std::vector<Scratch> scratch_;     ///< [threads]
  int64_t run_ = 0;
  HostFloats a_, c_;  ///< of bf16, in f32; else empty
};

template <class Tile>
std::unique_ptr<Plan> make_plan(const Problem& problem, const std::vector<Tile>& tiles,
                                std::string format) {
  const GemmShape shape = problem.shape();
  RowWeights weights =
      make_row_weights(shape.K, shape.N, tiles, chunk_rows(block_width(shape.M), shape.K));
  return std::make_unique<RowPlan>(problem, std::move(weights), std::move(format));
}

}  // namespace

std::unique_ptr<Plan> make_row_plan(const Problem& problem, const std::vector<DenseTile>& tiles,
                                    std::string format) {
  return make_plan(problem, tiles, std::move(format));
}

std::unique_ptr<Plan> make_row_plan(const Problem& problem, const std::vector<QuadTile>& tiles,
                                    std::string format) {
  return make_plan(problem, tiles, std::move(format));
}

}  // namespace tvw::kernels::cpu
