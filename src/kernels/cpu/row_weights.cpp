#include "kernels/cpu/row_weights.hpp"

#include <algorithm>
#include <bit>

#include "kernels/cpu/fill_rows.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Calls store(at, step, column, lane) for every column of a tile, `at` where its unit's step
/// begins.
template <class Store>
void for_each_unit(const RowWeights& weights, const RowTile& tile, const Store& store) {
  for (int64_t step = 0; step < tile.steps; ++step) {
    const int64_t in_chunk = step % weights.chunk_steps;
    for (int64_t unit = 0; unit < tile.units(); ++unit) {
      const int64_t at =
          weights.unit_at(tile, unit, step - in_chunk) + in_chunk * weights.step_floats();
      const int64_t first = unit * kUnitColumns;
      const int64_t columns = std::min(kUnitColumns, std::ssize(tile.columns) - first);
      for (int64_t lane = 0; lane < columns; ++lane) store(at, step, first + lane, lane);
    }
  }
}

void fill(const DenseTile& from, const RowTile& tile, RowWeights& weights) {
  const auto columns = std::ssize(from.columns);
  for_each_unit(weights, tile, [&](int64_t unit, int64_t step, int64_t c, int64_t lane) {
    for (int64_t i = 0; i < weights.step_rows(); ++i) {
      const int64_t row = step * weights.step_rows() + i;
      if (row >= std::ssize(from.rows)) break;
      weights.data[static_cast<size_t>(unit + i * kUnitColumns + lane)] =
          from.weights[static_cast<size_t>(row * columns + c)];
    }
  });
}

void fill(const QuadTile& from, const RowTile& tile, RowWeights& weights) {
  const auto columns = std::ssize(from.columns);
  for_each_unit(weights, tile, [&](int64_t unit, int64_t step, int64_t c, int64_t lane) {
    uint32_t places = 0;
    for (int64_t i = 0; i < kStepQuads * from.slots; ++i) {
      const int64_t slot = step * kStepQuads * from.slots + i;
      if (slot >= from.quads() * from.slots) break;
      const auto at = static_cast<size_t>(slot * columns + c);
      weights.data[static_cast<size_t>(unit + (1 + i) * kUnitColumns + lane)] = from.weights[at];
      places |= uint32_t{from.places[at]} << (2 * i);
    }
    weights.data[static_cast<size_t>(unit + lane)] = std::bit_cast<float>(places);
  });
}

int64_t floats_of(const RowWeights& weights, const RowTile& tile) {
  int64_t floats = 0;
  for (int64_t step = 0; step < tile.steps; step += weights.chunk_steps) {
    floats += tile.units() * weights.unit_floats(weights.steps_of_chunk(tile, step));
  }
  return floats;
}

template <class Tile>
RowWeights make(int64_t N, int64_t slots, const std::vector<Tile>& tiles, int64_t chunk_rows) {
  RowWeights weights;
  weights.slots = slots;
  weights.chunk_steps = parts_of(chunk_rows, weights.step_rows());
  fill_rows(
      N, weights.step_rows(), tiles, weights, [](const Tile& from) { return from.rows; },
      [&](const RowTile& tile) { return floats_of(weights, tile); },
      [&](const Tile& from, const RowTile& tile) { fill(from, tile, weights); });
  return weights;
}

}  // namespace

int64_t RowStore::size_bytes() const {
  size_t bytes = data.size() * sizeof(float);
  for (const RowTile& tile : tiles) {
    bytes += (tile.rows.size() + tile.columns.size()) * sizeof(int32_t);
  }
  return static_cast<int64_t>(bytes);
}

std::vector<int64_t> RowStore::first_sums() const {
  std::vector<int64_t> first = {0};
  for (const RowTile& tile : tiles) first.push_back(first.back() + tile.units() * kUnitColumns);
  return first;
}

std::vector<int32_t> RowStore::places(int64_t N) const {
  const std::vector<int64_t> first = first_sums();
  std::vector<int32_t> places(static_cast<size_t>(N));
  for (size_t t = 0; t < tiles.size(); ++t) {
    auto place = static_cast<int32_t>(first[t]);
    for (const int32_t n : tiles[t].columns) places[static_cast<size_t>(n)] = place++;
  }
  return places;
}

RowWeights make_row_weights(int64_t N, const std::vector<DenseTile>& tiles, int64_t chunk_rows) {
  return make(N, 0, tiles, chunk_rows);
}

RowWeights make_row_weights(int64_t N, const std::vector<QuadTile>& tiles, int64_t chunk_rows) {
  return make(N, slots_of(tiles), tiles, chunk_rows);
}

}  // namespace tvw::kernels::cpu
