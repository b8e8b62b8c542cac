// Panels of f32 times tiles of f32: chunk after chunk of a tile's rows, all columns on each while
// it is in the L1 cache.
#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

bool are_neighbours(std::span<const int32_t> ids) {
  return !ids.empty() && ids.back() - ids.front() + 1 == std::ssize(ids) &&
         std::is_sorted(ids.begin(), ids.end());
}

void multiply_own(const PanelTile& tile, Rows rows) {
  const auto columns = std::ssize(tile.columns);
  OwnRows own{tile.weights.data(), tile.ids.data(), nullptr, columns};
  for (std::ptrdiff_t at = 0; at < std::ssize(tile.counts); at += columns) {
    own.counts = tile.counts.data() + at;
    multiply_own_rows(rows, own);
    const int64_t entries = std::accumulate(own.counts, own.counts + columns, int64_t{0});
    own.weights += entries;
    own.ids += entries;
    rows.start = nullptr;
  }
}

void multiply_shared(const PanelTile& tile, Rows rows) {
  alignas(64) thread_local float gathered[kChunkRows * kMostTokens];
  const Rows all = rows;
  SharedRows shared{tile.weights.data(), 0, parts_of(std::ssize(tile.columns), kGroupColumns)};
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

class F32Tiles final : public PanelTiles {
 public:
  explicit F32Tiles(PanelWeights weights) : weights_(std::move(weights)) {}

  [[nodiscard]] PanelRows rows() const override { return PanelRows::kF32; }
  [[nodiscard]] int64_t count() const override { return std::ssize(weights_.tiles); }
  [[nodiscard]] std::span<const int32_t> columns(int64_t tile) const override {
    return weights_.tiles[static_cast<size_t>(tile)].columns;
  }
  /// Shared rows any: they are gathered before they are multiplied. Multiplied where they are, rows
  /// far apart would meet in few sets of the L1 cache.
  [[nodiscard]] bool takes_stride(int64_t /*stride*/) const override {
    return std::ranges::none_of(weights_.tiles, &PanelTile::has_own_rows);
  }
  void multiply(int64_t t, std::span<const PanelTask> panels) const override {
    const PanelTile& tile = weights_.tiles[static_cast<size_t>(t)];
    for (const PanelTask& panel : panels) {
      const Rows rows{static_cast<const float*>(panel.rows), panel.stride, panel.to.tokens,
                      panel.to.sums, panel.to.start};
      if (tile.has_own_rows()) {
        multiply_own(tile, rows);
      } else {
        multiply_shared(tile, rows);
      }
    }
  }
  [[nodiscard]] int64_t size_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double products() const override { return weights_.products; }
  [[nodiscard]] std::string isa() const override { return f32_isa_name(); }

 private:
  PanelWeights weights_;
};

}  // namespace

std::unique_ptr<PanelTiles> make_f32_tiles(PanelWeights weights) {
  return std::make_unique<F32Tiles>(std::move(weights));
}

}  // namespace tvw::kernels::cpu
