#include "kernels/cpu/direct_plan.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "kernels/cpu/column_order.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/direct_kernels.hpp"
#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "kernels/cpu/row_weights.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Rows of a tile that are multiplied at a time: of 64 columns 32 KiB, which stay in the L1 cache
/// for all tokens of a block.
constexpr int64_t kChunkRows = 128;
/// Of a block, whose sums stay in a cache of the core's own.
constexpr int64_t kMostTokens = 16 * kDirectTokens;
/// Runs of kDirectTokens that each thread has at least, or tiles are shared instead.
constexpr int64_t kFewestRuns = 5;
/// As many parts of all tiles.
constexpr int64_t kItemsPerThread = 4;

/// 0 to count - 1 as ids ascend.
std::vector<size_t> ascending(const std::vector<int32_t>& ids) {
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return ids[i]; });
  return order;
}

/// The same with rows and columns ascending: so a token is gone through from its first feature to
/// its last, and neighbours in C are neighbours in their tiles.
DenseTile in_order(const DenseTile& tile) {
  const std::vector<size_t> rows = ascending(tile.rows), columns = ascending(tile.columns);
  DenseTile sorted;
  for (const size_t c : columns) sorted.columns.push_back(tile.columns[c]);
  for (const size_t r : rows) {
    sorted.rows.push_back(tile.rows[r]);
    for (const size_t c : columns) {
      sorted.weights.push_back(tile.weights[r * columns.size() + c]);
    }
  }
  return sorted;
}

RowWeights make_weights(int64_t N, const std::vector<DenseTile>& tiles) {
  std::vector<DenseTile> sorted(tiles.size());
  parallel_for(std::ssize(tiles), [&](int64_t t) {
    sorted[static_cast<size_t>(t)] = in_order(tiles[static_cast<size_t>(t)]);
  });
  return make_row_weights(N, sorted, kChunkRows);
}

/// Scratch of a thread.
struct Scratch {
  HostFloats a;      ///< [tokens][K] of bf16, in f32
  HostFloats sums;   ///< [tokens][sums of a token]
  HostFloats c;      ///< [tokens][N] of bf16, in f32
  HostFloats added;  ///< [tokens][N] that are added to C
};

class DirectPlan final : public Plan {
 public:
  DirectPlan(const Problem& problem, const std::vector<DenseTile>& tiles, std::string format)
      : M_(problem.M),
        K_(problem.shape().K),
        N_(problem.shape().N),
        bf16_(problem.dtype == DType::kBF16),
        activation_(problem.epilogue.activation),
        add_to_c_(problem.epilogue.add_to_c),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()),
        weights_(make_weights(N_, tiles)),
        first_sums_(weights_.first_sums()),
        order_(weights_.places(N_)),
        format_(std::move(format)) {
    bias_.resize(static_cast<size_t>(sums_stride()), 0.0f);
    zeros_.resize(static_cast<size_t>(sums_stride()), 0.0f);
    in_place_ = order_.is_identity() && sums_stride() == N_ && !add_to_c_;
  }

  void run(const void* A, void* C) override {
    while (std::ssize(scratch_) < thread_count()) scratch_.emplace_back();
    if (parts_of(M_, kDirectTokens) >= kFewestRuns * thread_count() || in_place_) {
      run_by_blocks(A, C);
    } else {
      run_by_tiles(A, C);
    }
  }

  [[nodiscard]] std::string kernel_name() const override {
    return format_ + "_f32_direct_" + isa() + " " + std::to_string(kDirectTokens) + " tokens";
  }
  [[nodiscard]] std::string isa() const override { return f32_isa_name(); }
  [[nodiscard]] int64_t weight_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * weights_.products * static_cast<double>(M_);
  }

 private:
  /// Each thread has tokens of its own, from A to C.
  void run_by_blocks(const void* A, void* C) {
    const int64_t blocks = round_up(parts_of(M_, kMostTokens), thread_count());
    parallel_for_runs({{blocks, [&](int64_t b, int thread) {
                          const Range tokens = runs_to_tokens(blocks, b);
                          Scratch& scratch = scratch_[static_cast<size_t>(thread)];
                          if (tokens.count() > 0) run_block(tokens, A, C, scratch);
                        }}});
  }

  /// Of few tokens each thread has tiles of its own: then it reads only their weights.
  void run_by_tiles(const void* A, void* C) {
    const int64_t blocks = parts_of(M_, kMostTokens), runs = parts_of(M_, kDirectTokens);
    const int64_t tiles = std::ssize(weights_.tiles);
    const int64_t parts = std::min(tiles, parts_of(kItemsPerThread * thread_count(), blocks));
    float* const sums = at_least(sums_, M_ * sums_stride());
    parallel_for_runs({{blocks * parts,
                        [&](int64_t item, int thread) {
                          const Range tokens = runs_to_tokens(blocks, item % blocks);
                          Scratch& scratch = scratch_[static_cast<size_t>(thread)];
                          multiply(part_of(tiles, parts, item / blocks), read(A, tokens, scratch),
                                   tokens.count(), zeros_.data(),
                                   sums + tokens.begin * sums_stride(), sums_stride());
                        }},
                       {runs, [&](int64_t run, int thread) {
                          const Range tokens = runs_to_tokens(runs, run);
                          finish(tokens, sums + tokens.begin * sums_stride(), C,
                                 scratch_[static_cast<size_t>(thread)]);
                        }}});
  }

  /// Of a token.
  [[nodiscard]] int64_t sums_stride() const { return first_sums_.back(); }

  /// Part `part` of `parts` of all tokens, whole runs of kDirectTokens but for the last.
  [[nodiscard]] Range runs_to_tokens(int64_t parts, int64_t part) const {
    const Range runs = part_of(parts_of(M_, kDirectTokens), parts, part);
    return {std::min(M_, runs.begin * kDirectTokens), std::min(M_, runs.end * kDirectTokens)};
  }

  void run_block(Range tokens, const void* A, void* C, Scratch& scratch) const {
    const float* const a = read(A, tokens, scratch);
    const Range tiles = {0, std::ssize(weights_.tiles)};
    if (!in_place_) {
      float* const sums = at_least(scratch.sums, tokens.count() * sums_stride());
      multiply(tiles, a, tokens.count(), zeros_.data(), sums, sums_stride());
      return finish(tokens, sums, C, scratch);
    }
    float* const c = results(C, tokens, scratch);
    multiply(tiles, a, tokens.count(), bias_.data(), c, N_);
    activate_and_write(tokens, c, C);
  }

  /// Tokens of A in f32.
  const float* read(const void* A, Range tokens, Scratch& scratch) const {
    const int64_t first = tokens.begin * K_, count = tokens.count() * K_;
    if (!bf16_) return static_cast<const float*>(A) + first;
    float* const a = at_least(scratch.a, count);
    bf16_to_f32(static_cast<const uint16_t*>(A) + first, count, a);
    return a;
  }

  /// Where these tokens' results are made in f32: C, or what becomes of it.
  float* results(void* C, Range tokens, Scratch& scratch) const {
    if (!bf16_) return static_cast<float*>(C) + tokens.begin * N_;
    return at_least(scratch.c, tokens.count() * N_);
  }

  /// Tiles by some tokens. `before`: what their sums start from.
  void multiply(Range tiles, const float* a, int64_t tokens, const float* before, float* sums,
                int64_t stride) const {
    DirectTask task;
    task.a = a;
    task.a_stride = K_;
    task.tokens = tokens;
    task.sums_stride = stride;
    for (auto t = static_cast<size_t>(tiles.begin); t < static_cast<size_t>(tiles.end); ++t) {
      const RowTile& tile = weights_.tiles[t];
      task.units = tile.units();
      task.sums = sums + first_sums_[t];
      task.before = before + first_sums_[t];
      task.before_stride = 0;
      int64_t step = 0;
      do {  // at least once: a tile without rows has sums, too
        const int64_t steps = weights_.steps_of_chunk(tile, step);
        task.weights = weights_.data.data() + weights_.unit_at(tile, 0, step);
        task.unit_floats = weights_.unit_floats(steps);
        const auto rows = std::span(tile.rows).subspan(static_cast<size_t>(step * kDenseStepRows),
                                                       static_cast<size_t>(steps * kDenseStepRows));
        task.rows = rows.data();
        task.row_count = std::ranges::find(rows, -1) - rows.begin();
        multiply_direct(task);
        task.before = task.sums;
        task.before_stride = stride;
        step += steps;
      } while (step < tile.steps);
    }
  }

  /// From sums to C.
  void finish(Range tokens, const float* sums, void* C, Scratch& scratch) const {
    const int64_t count = tokens.count() * N_;
    float* const c = results(C, tokens, scratch);
    float* const to = add_to_c_ ? at_least(scratch.added, count) : c;
    order_.place({sums, sums_stride(), to, N_, tokens.count()}, bias_.data());
    if (add_to_c_) {
      if (bf16_) bf16_to_f32(static_cast<const uint16_t*>(C) + tokens.begin * N_, count, c);
      for (int64_t i = 0; i < count; ++i) c[i] += to[i];
    }
    activate_and_write(tokens, c, C);
  }

  /// The end of all: `c` as results() has it.
  void activate_and_write(Range tokens, float* c, void* C) const {
    const int64_t count = tokens.count() * N_;
    if (activation_ != Activation::kNone) activate(c, count, activation_);
    if (bf16_) f32_to_bf16(c, count, static_cast<uint16_t*>(C) + tokens.begin * N_);
  }

  int64_t M_, K_, N_;
  bool bf16_;  ///< A and C
  Activation activation_;
  bool add_to_c_;
  std::vector<float> bias_;   ///< [N], then zeros up to a token's sums
  std::vector<float> zeros_;  ///< of a token's sums
  RowWeights weights_;
  std::vector<int64_t> first_sums_;  ///< [tiles], and where the last one's end
  ColumnOrder order_;
  bool in_place_ = false;  ///< sums are made in the order of C
  std::string format_;
  std::vector<Scratch> scratch_;  ///< [threads]
  HostFloats sums_;               ///< [M][sums of a token], where threads share tokens
};

}  // namespace

std::unique_ptr<Plan> make_direct_plan(const Problem& problem, const std::vector<DenseTile>& tiles,
                                       std::string format) {
  return std::make_unique<DirectPlan>(problem, tiles, std::move(format));
}

}  // namespace tvw::kernels::cpu
