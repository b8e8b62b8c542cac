#include "kernels/cpu/pair_weights.hpp"

#include <algorithm>
#include <array>

#include "kernels/cpu/assemble_tiles.hpp"
#include "kernels/cpu/bf16_kernels.hpp"
#include "kernels/cpu/panel_weights.hpp"

namespace tvw::kernels::cpu {
namespace {

using Quad = std::array<float, kQuadRows>;

/// Rows `low` and `high` of a quad, and the column's weights for them.
struct QuadEntry {
  int64_t low = 0, high = 0;
  uint32_t weights = 0;
};

/// As few pairs as hold all of a column's weights in a quad.
std::vector<QuadEntry> entries_of(const Quad& weights) {
  std::vector<int64_t> used;
  for (int64_t j = 0; j < kQuadRows; ++j) {
    if (weights[static_cast<size_t>(j)] != 0.0f) used.push_back(j);
  }
  if (used.size() % 2 != 0) {  // a partner that is not used, with a weight of zero
    int64_t other = 0;
    while (std::ranges::find(used, other) != used.end()) ++other;
    used.insert(std::ranges::upper_bound(used, other), other);
  }
  std::vector<QuadEntry> entries;
  for (size_t i = 0; i < used.size(); i += 2) {
    const int64_t low = used[i], high = used[i + 1];
    entries.push_back(
        {low, high,
         bf16_pair(weights[static_cast<size_t>(low)], weights[static_cast<size_t>(high)])});
  }
  return entries;
}

Quad column_quad(const QuadTile& tile, int64_t quad, int64_t column) {
  const auto columns = std::ssize(tile.columns);
  Quad weights{};
  for (int64_t slot = 0; slot < tile.slots; ++slot) {
    const auto at = static_cast<size_t>((quad * tile.slots + slot) * columns + column);
    weights[tile.places[at]] += tile.weights[at];  // a slot that is not used adds zero
  }
  return weights;
}

PairTile make_tile(const QuadTile& from, int64_t first, int64_t last, int64_t tokens) {
  PairTile tile;
  tile.columns.assign(from.columns.begin() + first, from.columns.begin() + last);
  tile.features = from.rows;
  for (int64_t begin = 0; begin < from.quads(); begin += kChunkQuads) {
    const int64_t end = std::min(from.quads(), begin + kChunkQuads);
    for (int64_t column = first; column < last; ++column) {
      const size_t before = tile.weights.size();
      for (int64_t quad = begin; quad < end; ++quad) {
        for (const QuadEntry& entry : entries_of(column_quad(from, quad, column))) {
          const int64_t row = (quad - begin) * kQuadPairs + quad_pair(entry.low, entry.high);
          tile.weights.push_back(entry.weights);
          tile.offsets.push_back(pair_offset(row, tokens));
        }
      }
      tile.counts.push_back(static_cast<int32_t>(tile.weights.size() - before));
    }
  }
  return tile;
}

PairTile make_tile(const DenseTile& from, int64_t first, int64_t last, int64_t /*tokens*/) {
  const auto column_count = std::ssize(from.columns);
  PairTile tile;
  tile.columns.assign(from.columns.begin() + first, from.columns.begin() + last);
  tile.features = from.rows;
  if (tile.features.size() % 2 != 0) tile.features.push_back(-1);
  const auto weight = [&](int64_t row, int64_t column) {
    if (row >= std::ssize(from.rows) || column >= last) return 0.0f;
    return from.weights[static_cast<size_t>(row * column_count + column)];
  };
  const int64_t pairs = std::ssize(tile.features) / 2;
  for (int64_t begin = 0; begin < pairs; begin += kChunkPairs) {
    const int64_t end = std::min(pairs, begin + kChunkPairs);
    for (int64_t group = first; group < last; group += kGroupColumns) {
      for (int64_t pair = begin; pair < end; ++pair) {
        for (int64_t c = group; c < group + kGroupColumns; ++c) {
          tile.weights.push_back(bf16_pair(weight(2 * pair, c), weight(2 * pair + 1, c)));
        }
      }
    }
  }
  return tile;
}

double products_of(const PairTile& tile) {
  return 2.0 * static_cast<double>(tile.has_own_pairs()
                                       ? tile.weights.size()
                                       : tile.features.size() / 2 * tile.columns.size());
}

/// Whole groups of shared columns, but the last.
int64_t part_width(const DenseTile& /*tile*/, int64_t most) { return most; }
int64_t part_width(const QuadTile& tile, int64_t most) {
  return even_width(std::ssize(tile.columns), most);
}

template <class Tile>
PairWeights make_weights(int64_t N, int64_t tokens, int64_t width, const std::vector<Tile>& tiles) {
  PairWeights weights;
  weights.tiles = assemble_tiles<PairTile>(N, width, std::ssize(tiles), [&](int64_t t) {
    const Tile& tile = tiles[static_cast<size_t>(t)];
    return split_columns(
        std::ssize(tile.columns), part_width(tile, width),
        [&](int64_t first, int64_t last) { return make_tile(tile, first, last, tokens); });
  });
  for (const PairTile& tile : weights.tiles) weights.products += products_of(tile);
  return weights;
}

}  // namespace

int64_t PairWeights::size_bytes() const {
  size_t bytes = 0;
  for (const PairTile& tile : tiles) {
    bytes += tile.weights.size() * sizeof(uint32_t) + tile.offsets.size() * sizeof(uint16_t) +
             (tile.features.size() + tile.columns.size() + tile.counts.size()) * sizeof(int32_t);
  }
  return static_cast<int64_t>(bytes);
}

PairWeights make_pair_weights(int64_t N, int64_t tokens, int64_t width,
                              const std::vector<DenseTile>& tiles) {
  return make_weights(N, tokens, width, tiles);
}
PairWeights make_pair_weights(int64_t N, int64_t tokens, int64_t width,
                              const std::vector<QuadTile>& tiles) {
  return make_weights(N, tokens, width, tiles);
}

}  // namespace tvw::kernels::cpu
