#include "kernels/cpu/row_plan.hpp"

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/gather.hpp"
#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Some groups of columns of a tile, which one thread takes up.
struct Item {
  const RowTile* tile = nullptr;
  int64_t first_sum = 0;  ///< of the tile, among those of a token
  int64_t first_unit = 0;
  int64_t last_unit = 0;
};

/// Tiles are cut into single groups where there are not this many for each thread.
constexpr int64_t kItemsPerThread = 4;

/// Of a thread, whatever plans it runs: what the last layer left in the cache, the next writes to.
struct Scratch {
  HostBytes of_tiles;
  /// [blocks of tokens][1 + K][width], zero where a token lacks and before each block; unused for
  /// blocks of one.
  HostFloats blocks;
  int64_t run = 0;  ///< that `blocks` are of
  // Of runs that this thread started.
  HostFloats sums;  ///< [M, in whole blocks][sums of a token]
  HostFloats a, c;  ///< of bf16, in f32
};
thread_local Scratch of_this_thread;

/// Runs of all plans have numbers of their own, from 1 on.
int64_t next_run() {
  static std::atomic<int64_t> last{0};
  return ++last;
}

/// Results that one thread puts in their places.
constexpr int64_t kPlacedResults = 2048;

class RowPlan final : public Plan {
 public:
  RowPlan(const Problem& problem, std::unique_ptr<RowTiles> tiles, std::string format)
      : M_(problem.M),
        K_(problem.shape().K),
        N_(problem.shape().N),
        width_(tiles->width()),
        token_major_(problem.layout == Layout::kTokenMajor),
        bf16_(problem.dtype == DType::kBF16),
        activation_(problem.epilogue.activation),
        add_to_c_(problem.epilogue.add_to_c),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        tiles_(std::move(tiles)),
        format_(std::move(format)) {
    bias_.resize(static_cast<size_t>(N_), 0.0f);
    const RowStore& store = tiles_->store();
    const std::vector<int64_t> first_sums = store.first_sums();
    const bool few_tiles = std::ssize(store.tiles) < kItemsPerThread * thread_count();
    for (size_t t = 0; t < store.tiles.size(); ++t) {
      const RowTile& tile = store.tiles[t];
      for (int64_t unit = 0; unit < tile.units();) {
        const int64_t units = few_tiles ? group_units(unit, tile.units()) : tile.units();
        items_.push_back({&tile, first_sums[t], unit, unit + units});
        most_units_ = std::max(most_units_, units);
        unit += units;
      }
    }
    places_ = store.places(N_);
    sums_stride_ = first_sums.back();
  }

  void run(const void* A, void* C) override {
    if (bf16_) {
      float* const a = at_least(of_this_thread.a, M_ * K_);
      float* const c = at_least(of_this_thread.c, M_ * N_);
      bf16_to_f32(static_cast<const uint16_t*>(A), M_ * K_, a);
      if (add_to_c_) bf16_to_f32(static_cast<const uint16_t*>(C), M_ * N_, c);
      multiply(a, c);
      f32_to_bf16(c, M_ * N_, static_cast<uint16_t*>(C));
    } else {
      multiply(static_cast<const float*>(A), static_cast<float*>(C));
    }
  }

  [[nodiscard]] std::string kernel_name() const override {
    return format_ + "_f32_row_" + isa() + " " + std::to_string(std::min(M_, width_)) + " tokens";
  }
  [[nodiscard]] std::string isa() const override { return tiles_->isa(); }
  [[nodiscard]] int64_t weight_bytes() const override { return tiles_->store().size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * tiles_->store().products * static_cast<double>(M_);
  }

 private:
  void multiply(const float* a, float* c) {
    const int64_t run = next_run();
    float* const sums = at_least(of_this_thread.sums, round_up(M_, width_) * sums_stride_);
    parallel_for_runs(
        {{std::ssize(items_), [&](int64_t i, int /*thread*/) { multiply_item(i, run, a, sums); }},
         {parts_of(M_, placed_tokens()) * placed_parts(),
          [&](int64_t i, int /*thread*/) { place(i, sums, c); }}});
  }

  void multiply_item(int64_t i, int64_t run, const float* a, float* sums) const {
    Scratch& scratch = of_this_thread;
    const float* const blocks = width_ > 1 ? interleaved(a, run, scratch) : nullptr;
    std::byte* const of_tiles = at_least(scratch.of_tiles, tiles_->scratch_bytes(most_units_));
    const Item& item = items_[static_cast<size_t>(i)];
    RowTask task;
    task.stride = sums_stride_;
    for (int64_t m = 0; m < M_; m += width_) {
      task.block = width_ > 1 ? blocks + block_at(m) : a;
      task.tokens = std::min(width_, M_ - m);
      task.sums = sums + m * sums_stride_ + item.first_sum;
      tiles_->multiply(*item.tile, item.first_unit, item.last_unit, task, of_tiles);
    }
  }

  /// Blocks of width_ tokens, feature by feature: a kept row of a tile is then one load. Every
  /// thread makes them for itself, which takes less time than reading them from another's cache.
  const float* interleaved(const float* a, int64_t run, Scratch& scratch) const {
    if (scratch.run == run) return scratch.blocks.data();
    float* const blocks = at_least(scratch.blocks, round_up(M_, width_) * (1 + K_));
    for (int64_t m = 0; m < M_; m += width_) {
      const int64_t count = std::min(width_, M_ - m);
      float* to = blocks + block_at(m);
      std::fill_n(to - width_, count < width_ ? (1 + K_) * width_ : width_, 0.0f);
      if (token_major_) {
        transpose(a + m * K_, K_, to, width_, K_, count);
      } else {
        copy_rows(a + m, M_, to, width_, K_, count);
      }
    }
    scratch.run = run;
    return blocks;
  }

  /// Of the tokens from m on, in Scratch::blocks.
  [[nodiscard]] int64_t block_at(int64_t m) const { return m * (1 + K_) + width_; }

  /// Tokens whose results place() takes. What lies side by side in C is one token's results, of
  /// which it takes many, as their sums are anywhere among the token's; or a column's.
  [[nodiscard]] int64_t placed_tokens() const { return token_major_ ? 1 : width_; }
  [[nodiscard]] int64_t placed_columns() const { return kPlacedResults / placed_tokens(); }
  [[nodiscard]] int64_t placed_parts() const { return parts_of(N_, placed_columns()); }

  /// Sums in the order of tiles to results in the order of columns: part i % placed_parts() of some
  /// tokens'. Threads that stored their tiles' columns there themselves would take each line of C
  /// from one another time and again.
  void place(int64_t i, const float* sums, float* c) const {
    const int64_t m = i / placed_parts() * placed_tokens();
    const int64_t first = i % placed_parts() * placed_columns();
    const int64_t tokens = std::min(placed_tokens(), M_ - m);
    const int64_t count = std::min(placed_columns(), N_ - first);
    float results[kPlacedResults];  // [tokens][count]
    float* const into = c + (token_major_ ? m * N_ + first : first * M_ + m);
    const bool in_place = token_major_ && !add_to_c_;
    for (int64_t t = 0; t < tokens; ++t) {
      float* const to = in_place ? into : results + t * count;
      gather_and_add_(sums + (m + t) * sums_stride_, places_.data() + first, bias_.data() + first,
                      count, to);
      if (add_to_c_) add_c(into + t, count, to);
      if (activation_ != Activation::kNone) activate(to, count, activation_);
    }
    if (in_place) return;
    if (token_major_) {
      std::copy_n(results, count, into);
    } else {
      transpose(results, count, into, M_, count, tokens);
    }
  }

  /// What C has of a token's columns to their results.
  void add_c(const float* c, int64_t count, float* results) const {
    const int64_t step = token_major_ ? 1 : M_;  // from one column to the next
    for (int64_t j = 0; j < count; ++j) results[j] += c[j * step];
  }

  int64_t M_, K_, N_;
  int64_t width_;  ///< tokens of a block
  bool token_major_;
  bool bf16_;  ///< A and C
  Activation activation_;
  bool add_to_c_;
  std::vector<float> bias_;  ///< [N]
  GatherAndAdd gather_and_add_ = gather_and_add();
  std::unique_ptr<RowTiles> tiles_;
  std::string format_;
  std::vector<Item> items_;
  int64_t most_units_ = 0;       ///< of an item
  std::vector<int32_t> places_;  ///< [N] of a column's sum among those of a token
  int64_t sums_stride_ = 0;      ///< sums of a token
};

}  // namespace

std::unique_ptr<Plan> make_row_plan(const Problem& problem, std::unique_ptr<RowTiles> tiles,
                                    std::string format) {
  return std::make_unique<RowPlan>(problem, std::move(tiles), std::move(format));
}

}  // namespace tvw::kernels::cpu
