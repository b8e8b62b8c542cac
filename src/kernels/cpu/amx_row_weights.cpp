#include "kernels/cpu/amx_row_weights.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/cpu/fill_rows.hpp"
#include "kernels/cpu/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// In the order of a step's pairs; whole steps.
std::vector<int32_t> rows_of(const QuadTile& from) {
  std::vector<int32_t> padded = from.rows;
  padded.resize(static_cast<size_t>(round_up(std::ssize(from.rows), kAmxStepRows)), -1);
  std::vector<int32_t> rows;
  rows.reserve(padded.size());
  for (size_t step = 0; step < padded.size(); step += kAmxStepRows) {
    for (const size_t half : {0, 2}) {
      for (size_t quad = 0; quad < kAmxStepRows; quad += kQuadRows) {
        rows.push_back(padded[step + quad + half]);
        rows.push_back(padded[step + quad + half + 1]);
      }
    }
  }
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
  uint32_t places = 0;
  for (int64_t q = 0; q < quads; ++q) {
    const auto at = static_cast<size_t>((first + q) * kAmxSlots * columns + column);
    const auto next = at + static_cast<size_t>(columns);
    const TwoOfFour kept =
        two_of_four({from.weights[at], from.weights[next]}, {from.places[at], from.places[next]});
    weights[q] = kept.weights[0];
    weights[kAmxStepQuads + q] = kept.weights[1];
    places |= kept.place << (4 * q);
  }
  to[lane] = std::bit_cast<float>(places);
}

void fill(const QuadTile& from, const RowTile& tile, AmxRowWeights& weights) {
  for (int64_t column = 0; column < std::ssize(from.columns); ++column) {
    const int64_t unit = column / kUnitColumns;
    float* to = weights.data.data() + AmxRowWeights::unit_at(tile, unit);
    for (int64_t step = 0; step < tile.steps; ++step, to += kAmxStepFloats) {
      fill(from, column, step, column % kUnitColumns, to);
    }
  }
}

}  // namespace

AmxRowWeights make_amx_row_weights(int64_t N, const std::vector<QuadTile>& tiles) {
  AmxRowWeights weights;
  fill_rows(
      N, kAmxStepRows, tiles, weights, rows_of,
      [](const RowTile& tile) { return tile.units() * AmxRowWeights::unit_floats(tile.steps); },
      [&](const QuadTile& from, const RowTile& tile) { fill(from, tile, weights); });
  for (RowTile& tile : weights.tiles) {
    tile.rows.resize(tile.rows.size() + static_cast<size_t>(kAmxStepRows), -1);
  }
  return weights;
}

}  // namespace tvw::kernels::cpu
