#include "kernels/cpu/amx_row_weights.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/cpu/fill_rows.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Up to whole steps.
std::vector<int32_t> rows_of(const QuadTile& from) {
  std::vector<int32_t> rows = from.rows;
  rows.resize(static_cast<size_t>(round_up(std::ssize(from.rows), kAmxStepRows)), -1);
  return rows;
}

/// The weights that a column has of a quad, by ascending rows, and the place of those in
/// kPlacePairs. A slot that is not used may name the other's row: any row does for a weight of
/// zero.
struct TwoOfFour {
  std::array<float, kAmxSlots> weights{};
  uint32_t place = 0;
};

TwoOfFour two_of_four(std::array<float, kAmxSlots> weights, std::array<uint8_t, kAmxSlots> places) {
  if (places[0] == places[1]) {
    weights = {weights[0] + weights[1], 0.0f};
    places[1] = places[0] == 0 ? 1 : 0;
  }
  if (places[0] > places[1]) {
    std::swap(places[0], places[1]);
    std::swap(weights[0], weights[1]);
  }
  const auto place = std::ranges::find(kPlacePairs, places) - kPlacePairs.begin();
  return {weights, static_cast<uint32_t>(place)};
}

/// A step of a unit's column; `to` is where the step begins.
void fill(const QuadTile& from, int64_t column, int64_t step, int64_t lane, float* to) {
  const auto columns = std::ssize(from.columns);
  float* const weights = to + (1 + lane) * kUnitColumns;
  const int64_t first = step * kAmxStepQuads;
  const int64_t quads = std::min(kAmxStepQuads, from.quads() - first);
  uint32_t places = kAmxOddQuads;
  for (int64_t q = 0; q < quads; ++q) {
    const auto at = static_cast<size_t>((first + q) * kAmxSlots * columns + column);
    const auto next = at + static_cast<size_t>(columns);
    const TwoOfFour kept =
        two_of_four({from.weights[at], from.weights[next]}, {from.places[at], from.places[next]});
    std::ranges::copy(kept.weights, weights + q * kAmxSlots);
    places |= kept.place << (4 * q);
  }
  to[lane] = std::bit_cast<float>(places);
}

void fill(const QuadTile& from, const RowTile& tile, AmxRowWeights& weights) {
  for (int64_t first = 0, units = 0; first < tile.units(); first += units) {
    units = group_units(first, tile.units());
    float* const group = weights.data.data() + AmxRowWeights::group_at(tile, first);
    const int64_t columns =
        std::min(units * kUnitColumns, std::ssize(from.columns) - first * kUnitColumns);
    for (int64_t step = 0; step < tile.steps; ++step) {
      for (int64_t i = 0; i < columns; ++i) {
        const int64_t unit = step * units + i / kUnitColumns;
        fill(from, first * kUnitColumns + i, step, i % kUnitColumns, group + unit * kAmxStepFloats);
      }
    }
  }
}

}  // namespace

AmxRowWeights make_amx_row_weights(int64_t N, const std::vector<QuadTile>& tiles) {
  AmxRowWeights weights;
  fill_rows(
      N, kAmxStepRows, tiles, weights, rows_of,
      [](const RowTile& tile) { return AmxRowWeights::group_at(tile, tile.units()) - tile.first; },
      [&](const QuadTile& from, const RowTile& tile) { fill(from, tile, weights); });
  for (RowTile& tile : weights.tiles) {
    tile.rows.resize(tile.rows.size() + static_cast<size_t>(kAmxStepRows), -1);
  }
  return weights;
}

}  // namespace tvw::kernels::cpu
