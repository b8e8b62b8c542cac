#include "kernels/cpu/amx_weights.hpp"

#include <algorithm>
#include <cstddef>

#include "kernels/cpu/assemble_tiles.hpp"
#include "kernels/cpu/pair_weights.hpp"

namespace tvw::kernels::cpu {
namespace {

AmxTile make_tile(const DenseTile& from, int64_t first, int64_t last) {
  const auto row_count = std::ssize(from.rows), column_count = std::ssize(from.columns);
  AmxTile tile;
  tile.columns.assign(from.columns.begin() + first, from.columns.begin() + last);
  tile.features = from.rows;
  tile.features.resize(static_cast<size_t>(round_up(row_count, 2 * kAmxPairs)), -1);
  const auto weight = [&](int64_t row, int64_t column) {
    if (row >= row_count || column >= last) return 0.0f;
    return from.weights[static_cast<size_t>(row * column_count + column)];
  };
  const int64_t pairs = std::ssize(tile.features) / 2;
  tile.weights.reserve(static_cast<size_t>(pairs * tile.blocks() * kAmxRows));
  for (int64_t block = first; block < last; block += kAmxRows) {
    for (int64_t step = 0; step < pairs; step += kAmxPairs) {
      for (int64_t column = block; column < block + kAmxRows; ++column) {
        for (int64_t pair = step; pair < step + kAmxPairs; ++pair) {
          tile.weights.push_back(bf16_pair(weight(2 * pair, column), weight(2 * pair + 1, column)));
        }
      }
    }
  }
  return tile;
}

}  // namespace

int64_t AmxWeights::size_bytes() const {
  size_t bytes = 0;
  for (const AmxTile& tile : tiles) {
    bytes += tile.weights.size() * sizeof(uint32_t) +
             (tile.features.size() + tile.columns.size()) * sizeof(int32_t);
  }
  return static_cast<int64_t>(bytes);
}

AmxWeights make_amx_weights(int64_t N, int64_t width, const std::vector<DenseTile>& tiles) {
  AmxWeights weights;
  weights.tiles = assemble_tiles<AmxTile>(N, width, std::ssize(tiles), [&](int64_t t) {
    const DenseTile& tile = tiles[static_cast<size_t>(t)];
    return split_columns(std::ssize(tile.columns), width,
                         [&](int64_t first, int64_t last) { return make_tile(tile, first, last); });
  });
  for (const AmxTile& tile : weights.tiles) {
    const auto rows = std::ranges::count_if(tile.features, [](int32_t id) { return id >= 0; });
    weights.products += static_cast<double>(rows * std::ssize(tile.columns));
  }
  return weights;
}

AmxWeights make_amx_weights(int64_t N, int64_t width, const std::vector<QuadTile>& tiles) {
  return make_amx_weights(N, width, with_zeros(tiles));
}

}  // namespace tvw::kernels::cpu
