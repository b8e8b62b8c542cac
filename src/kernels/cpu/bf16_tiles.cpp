// Panels of bf16 pairs times tiles of bf16: chunk after chunk of a tile's pairs is gathered, and
// all columns work on each while it is in the L1 cache. A quad's pairs are made once for all
// columns of the tile.
#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/cpu/bf16_kernels.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

static_assert(kChunkQuads * kQuadPairs >= kChunkPairs);
static_assert(kChunkQuads * kQuadPairs * kMostTokens * sizeof(uint32_t) <= 65536, "u16 offsets");

/// A thread's pairs of a chunk, [pairs][stride].
uint32_t* gathered_pairs() {
  alignas(64) thread_local uint32_t pairs[kChunkQuads * kQuadPairs * kMostTokens];
  return pairs;
}

/// `rounded`: gets the sums when the last chunk is multiplied, if it is not null.
void multiply_own(const PairTile& tile, const PairPanel& panel, PairRows rows,
                  uint16_t* const* rounded) {
  const auto columns = std::ssize(tile.columns);
  uint32_t* pairs = gathered_pairs();
  rows.data = pairs;
  OwnPairs own{tile.weights.data(), tile.offsets.data(), nullptr, columns};
  std::span<const int32_t> left(tile.features);
  for (std::ptrdiff_t at = 0; at < std::ssize(tile.counts); at += columns) {
    const auto chunk =
        left.first(std::min(left.size(), static_cast<size_t>(kChunkQuads * kQuadRows)));
    left = left.subspan(chunk.size());
    gather_quad_pairs(panel, chunk, pairs);
    own.counts = tile.counts.data() + at;
    if (at + columns >= std::ssize(tile.counts)) rows.to.rounded = rounded;
    multiply_own_pairs(rows, own);
    const int64_t entries = std::accumulate(own.counts, own.counts + columns, int64_t{0});
    own.weights += entries;
    own.offsets += entries;
    rows.to.start = nullptr;
  }
}

void multiply_shared(const PairTile& tile, const PairPanel& panel, PairRows rows,
                     uint16_t* const* rounded) {
  uint32_t* pairs = gathered_pairs();
  rows.data = pairs;
  SharedPairs shared{tile.weights.data(), 0, parts_of(std::ssize(tile.columns), kGroupColumns)};
  std::span<const int32_t> left(tile.features);
  do {
    const auto chunk = left.first(std::min(left.size(), static_cast<size_t>(kChunkPairs * 2)));
    left = left.subspan(chunk.size());
    gather_pairs(panel, chunk, pairs);
    shared.pairs = std::ssize(chunk) / 2;
    if (left.empty()) rows.to.rounded = rounded;
    multiply_shared_pairs(rows, shared);
    shared.weights += shared.pairs * shared.groups * kGroupColumns;
    rows.to.start = nullptr;
  } while (!left.empty());
}

class Bf16Tiles final : public PanelTiles {
 public:
  explicit Bf16Tiles(PairWeights weights) : weights_(std::move(weights)) {}

  [[nodiscard]] PanelRows rows() const override { return PanelRows::kBf16Pairs; }
  [[nodiscard]] int64_t count() const override { return std::ssize(weights_.tiles); }
  [[nodiscard]] std::span<const int32_t> columns(int64_t tile) const override {
    return weights_.tiles[static_cast<size_t>(tile)].columns;
  }
  void multiply(int64_t t, std::span<const PanelTask> panels) const override {
    const PairTile& tile = weights_.tiles[static_cast<size_t>(t)];
    for (const PanelTask& task : panels) {
      const PairPanel panel{static_cast<const uint32_t*>(task.rows), task.stride, task.to.tokens};
      const PairRows rows{nullptr, task.stride, {task.to.tokens, task.to.sums, task.to.start}};
      if (tile.has_own_pairs()) {
        multiply_own(tile, panel, rows, task.to.rounded);
      } else {
        multiply_shared(tile, panel, rows, task.to.rounded);
      }
    }
  }
  [[nodiscard]] int64_t size_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double products() const override { return weights_.products; }
  [[nodiscard]] std::string isa() const override { return name(CpuIsa::kAvx512Bf16); }

 private:
  PairWeights weights_;
};

}  // namespace

std::unique_ptr<PanelTiles> make_bf16_tiles(PairWeights weights) {
  return std::make_unique<Bf16Tiles>(std::move(weights));
}

}  // namespace tvw::kernels::cpu
