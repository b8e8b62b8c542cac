#include <algorithm>
#include <span>
#include <utility>

#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/row_kernels.hpp"
#include "kernels/cpu/row_tiles.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Rows for as many tokens that are gathered and multiplied at a time: 8 KiB, which stay in the L1
/// beside weights and sums.
constexpr int64_t kWideChunkRows = 128;

/// Almost a wide block, which is less work as a whole one: the weights are read once.
constexpr int64_t kFewestOfWide = 13;

class F32RowTiles final : public RowTiles {
 public:
  F32RowTiles(RowWeights weights, int64_t width) : weights_(std::move(weights)), width_(width) {
    for (const RowTile& tile : weights_.tiles) {
      most_rows_ = std::max(most_rows_, std::ssize(tile.rows));
    }
    most_rows_ = std::min(most_rows_, weights_.chunk_steps * weights_.step_rows());
  }

  [[nodiscard]] int64_t width() const override { return width_; }
  [[nodiscard]] const RowStore& store() const override { return weights_; }
  /// Some of a tile's rows, gathered: [most rows][width]; sums so far: [width][columns].
  [[nodiscard]] int64_t scratch_bytes(int64_t units) const override {
    return (most_rows_ + units * kUnitColumns) * width_ * int64_t{sizeof(float)};
  }
  void multiply(const RowTile& tile, int64_t first, int64_t last, const RowTask& task,
                std::byte* scratch) const override {
    auto* const rows = reinterpret_cast<float*>(scratch);
    float* const sums = rows + most_rows_ * width_;
    RowGroup group;
    group.rows = rows;
    group.block = task.block;
    group.width = width_;
    group.tokens = task.tokens >= kFewestOfWide ? width_ : task.tokens;
    group.before_stride = (last - first) * kUnitColumns;
    int64_t step = 0;
    do {  // at least once: a tile without rows has sums, too
      group.steps = weights_.steps_of_chunk(tile, step);
      const int64_t next = step + group.steps;
      const bool ends = next == tile.steps;
      for (int64_t unit = first; unit < last; unit += group.units) {
        group.units = group_units(unit, tile.units());
        group.ids = unit == first ? rows_of(tile, step, group.steps).data() : nullptr;
        float* so_far = sums + (unit - first) * kUnitColumns;
        group.weights = weights_.data.data() + weights_.unit_at(tile, unit, step);
        group.unit_floats = weights_.unit_floats(group.steps);
        group.before = step > 0 ? so_far : nullptr;
        group.sums = ends ? task.sums + unit * kUnitColumns : so_far;
        group.sums_stride = ends ? task.stride : group.before_stride;
        if (weights_.slots == 0) {
          multiply_dense_group(group);
        } else {
          multiply_quad_group(group, weights_.slots);
        }
      }
      step = next;
    } while (step < tile.steps);
  }
  [[nodiscard]] std::string isa() const override { return f32_isa_name(); }

 private:
  [[nodiscard]] std::span<const int32_t> rows_of(const RowTile& tile, int64_t step,
                                                 int64_t steps) const {
    return std::span(tile.rows).subspan(static_cast<size_t>(step * weights_.step_rows()),
                                        static_cast<size_t>(steps * weights_.step_rows()));
  }

  RowWeights weights_;
  int64_t width_;
  int64_t most_rows_ = 0;  ///< that are gathered at a time
};

}  // namespace

int64_t row_width(int64_t M) {
  if (M == 1) return 1;
  const bool wide = M >= kFewestOfWide && cpu_isa() >= CpuIsa::kAvx512;
  return wide ? kMostRowTokens : kRowTokens;
}

/// Of fewer tokens all: they wait for weights, which come faster in long streams than rows come
/// from the L1.
int64_t row_chunk(int64_t width, int64_t K) {
  return width == kMostRowTokens ? kWideChunkRows : std::max<int64_t>(K, 1);
}

std::unique_ptr<RowTiles> make_f32_row_tiles(RowWeights weights, int64_t width) {
  return std::make_unique<F32RowTiles>(std::move(weights), width);
}

}  // namespace tvw::kernels::cpu
