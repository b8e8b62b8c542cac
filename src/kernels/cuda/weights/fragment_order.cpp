#include "kernels/cuda/weights/fragment_order.hpp"

#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int64_t kLanes = 32;
constexpr int64_t kPerLane = 8;  // values
constexpr int64_t kStored = 16;  // values of a feature in one instruction

/// Where the tile's parts begin.
struct TilePlace {
  int64_t instructions = 0;
  int64_t values = 0;
  int64_t metadata = 0;
};

TilePlace place_of(const FragmentOrder& order, size_t tile) {
  const int64_t first = order.first_instruction[tile];
  const int64_t blocks = order.features / kFragmentFeatures;
  return {order.first_instruction[tile + 1] - first, first * blocks * kLanes * kPerLane,
          first / 2 * blocks * kLanes};
}

/// Calls visit(index in order.values, feature, stored value of the tile).
template <class Visit>
void for_each_value(const FragmentOrder& order, const TilePlace& place, const Visit& visit) {
  int64_t at = place.values;
  for (int64_t block = 0; block < order.features / kFragmentFeatures; ++block) {
    for (int64_t i = 0; i < place.instructions; ++i) {
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        for (int64_t j = 0; j < kPerLane; ++j, ++at) {
          // Registers: (g, low), (g + 8, low), (g, high), (g + 8, high), two values each.
          const int64_t feature = block * kFragmentFeatures + lane / 4 + (j / 2 % 2) * 8;
          visit(at, feature, i * kStored + lane % 4 * 2 + j / 4 * 8 + j % 2);
        }
      }
    }
  }
}

/// Calls visit(index in order.metadata, bit, feature, first stored value): 16 bits, 8 values.
template <class Visit>
void for_each_metadata(const FragmentOrder& order, const TilePlace& place, const Visit& visit) {
  int64_t at = place.metadata;
  for (int64_t block = 0; block < order.features / kFragmentFeatures; ++block) {
    for (int64_t pair = 0; pair < place.instructions / 2; ++pair) {
      for (int64_t lane = 0; lane < kLanes; ++lane, ++at) {
        const int64_t i = pair * 2 + lane % 4 / 2;
        for (int64_t high = 0; high < 2; ++high) {
          visit(at, high * 16, block * kFragmentFeatures + lane / 4 + high * 8,
                i * kStored + lane % 2 * 8);
        }
      }
    }
  }
}

}  // namespace

FragmentOrder to_fragment_order(const TensorCoreTiles& tiles) {
  FragmentOrder order;
  order.features = tiles.features;
  order.sparse = tiles.sparse;
  order.first_instruction.push_back(0);
  for (const TensorCoreTile& tile : tiles.tiles) {
    const auto instructions =
        static_cast<int32_t>(static_cast<int64_t>(tile.rows.size()) / order.instruction_rows());
    order.first_instruction.push_back(order.first_instruction.back() + instructions);
    order.rows.insert(order.rows.end(), tile.rows.begin(), tile.rows.end());
    order.columns.insert(order.columns.end(), tile.columns.begin(), tile.columns.end());
  }
  const int64_t fragments = order.first_instruction.back() * (tiles.features / kFragmentFeatures);
  order.values.resize(static_cast<size_t>(fragments * kLanes * kPerLane));
  if (tiles.sparse) order.metadata.resize(static_cast<size_t>(fragments / 2 * kLanes));
  parallel_for(static_cast<int64_t>(tiles.tiles.size()), [&](int64_t t) {
    const TensorCoreTile& tile = tiles.tiles[static_cast<size_t>(t)];
    const TilePlace place = place_of(order, static_cast<size_t>(t));
    const int64_t stored = place.instructions * kStored;
    for_each_value(order, place, [&](int64_t at, int64_t feature, int64_t i) {
      order.values[static_cast<size_t>(at)] =
          tile.values[static_cast<size_t>(feature * stored + i)];
    });
    if (!tiles.sparse) return;
    for_each_metadata(order, place, [&](int64_t at, int64_t bit, int64_t feature, int64_t i) {
      for (int64_t j = 0; j < 8; ++j) {
        order.metadata[static_cast<size_t>(at)] |=
            static_cast<uint32_t>(tile.positions[static_cast<size_t>(feature * stored + i + j)])
            << (bit + 2 * j);
      }
    });
  });
  return order;
}

TensorCoreTiles from_fragment_order(const FragmentOrder& order, int64_t K, int64_t N) {
  TensorCoreTiles tiles;
  tiles.K = K;
  tiles.N = N;
  tiles.features = order.features;
  tiles.sparse = order.sparse;
  tiles.tiles.resize(order.first_instruction.size() - 1);
  for (size_t t = 0; t < tiles.tiles.size(); ++t) {
    TensorCoreTile& tile = tiles.tiles[t];
    const TilePlace place = place_of(order, t);
    const int64_t stored = place.instructions * kStored;
    const auto row = order.rows.begin() + order.first_instruction[t] * order.instruction_rows();
    tile.rows.assign(row, row + place.instructions * order.instruction_rows());
    const auto column = order.columns.begin() + static_cast<int64_t>(t) * order.features;
    tile.columns.assign(column, column + order.features);
    tile.values.resize(static_cast<size_t>(order.features * stored));
    for_each_value(order, place, [&](int64_t at, int64_t feature, int64_t i) {
      tile.values[static_cast<size_t>(feature * stored + i)] =
          order.values[static_cast<size_t>(at)];
    });
    if (!order.sparse) continue;
    tile.positions.resize(tile.values.size());
    for_each_metadata(order, place, [&](int64_t at, int64_t bit, int64_t feature, int64_t i) {
      for (int64_t j = 0; j < 8; ++j) {
        tile.positions[static_cast<size_t>(feature * stored + i + j)] =
            static_cast<uint8_t>(order.metadata[static_cast<size_t>(at)] >> (bit + 2 * j) & 3);
      }
    });
  }
  return tiles;
}

}  // namespace tvw::kernels::cuda
