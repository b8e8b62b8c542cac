#include "kernels/cuda/weights/fragment_order.hpp"

#include <cstring>

#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int64_t kLanes = 32;
constexpr int64_t kPerLane = 8;        // values of an instruction
constexpr int64_t kStored = 16;        // values of a feature in one instruction
constexpr int64_t kValueBytes = 1024;  // of a fragment

/// Where a step of one block of features begins in FragmentOrder::bytes.
int64_t fragment_at(const FragmentOrder& order, int64_t step, int64_t block) {
  return (step * (order.features / kFragmentFeatures) + block) * fragment_bytes(order.sparse);
}

/// Calls visit(byte, feature, stored value of the tile) for every value of a tile.
template <class Visit>
void for_each_value(const FragmentOrder& order, size_t tile, const Visit& visit) {
  const int64_t first = order.first_step[tile];
  for (int64_t step = first; step < order.first_step[tile + 1]; ++step) {
    for (int64_t block = 0; block < order.features / kFragmentFeatures; ++block) {
      int64_t at = fragment_at(order, step, block);
      for (int64_t i = 0; i < kStepInstructions; ++i) {
        const int64_t stored = ((step - first) * kStepInstructions + i) * kStored;
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          for (int64_t j = 0; j < kPerLane; ++j, at += 2) {
            // Registers: (g, low), (g + 8, low), (g, high), (g + 8, high), two values each.
            visit(at, block * kFragmentFeatures + lane / 4 + (j / 2 % 2) * 8,
                  stored + lane % 4 * 2 + j / 4 * 8 + j % 2);
          }
        }
      }
    }
  }
}

/// Calls visit(byte, feature, first stored value) for every 16 bits of metadata: 8 values.
template <class Visit>
void for_each_metadata(const FragmentOrder& order, size_t tile, const Visit& visit) {
  const int64_t first = order.first_step[tile];
  for (int64_t step = first; step < order.first_step[tile + 1]; ++step) {
    for (int64_t block = 0; block < order.features / kFragmentFeatures; ++block) {
      int64_t at = fragment_at(order, step, block) + kValueBytes;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const int64_t i = (step - first) * kStepInstructions + lane % 4 / 2;
        for (int64_t high = 0; high < 2; ++high, at += 2) {
          visit(at, block * kFragmentFeatures + lane / 4 + high * 8, i * kStored + lane % 2 * 8);
        }
      }
    }
  }
}

int64_t stored_per_feature(const FragmentOrder& order, size_t tile) {
  return (order.first_step[tile + 1] - order.first_step[tile]) * kStepInstructions * kStored;
}

}  // namespace

FragmentOrder to_fragment_order(const TensorCoreTiles& tiles) {
  FragmentOrder order;
  order.features = tiles.features;
  order.sparse = tiles.sparse;
  order.first_step.push_back(0);
  for (const TensorCoreTile& tile : tiles.tiles) {
    const auto steps =
        static_cast<int32_t>(static_cast<int64_t>(tile.rows.size()) / step_rows(order.sparse));
    order.first_step.push_back(order.first_step.back() + steps);
    order.rows.insert(order.rows.end(), tile.rows.begin(), tile.rows.end());
    order.columns.insert(order.columns.end(), tile.columns.begin(), tile.columns.end());
  }
  order.bytes.resize(static_cast<size_t>(fragment_at(order, order.first_step.back(), 0)));
  parallel_for(static_cast<int64_t>(tiles.tiles.size()), [&](int64_t t) {
    const TensorCoreTile& tile = tiles.tiles[static_cast<size_t>(t)];
    const int64_t stored = stored_per_feature(order, static_cast<size_t>(t));
    for_each_value(order, static_cast<size_t>(t), [&](int64_t at, int64_t feature, int64_t i) {
      std::memcpy(&order.bytes[static_cast<size_t>(at)],
                  &tile.values[static_cast<size_t>(feature * stored + i)], 2);
    });
    if (!tiles.sparse) return;
    for_each_metadata(order, static_cast<size_t>(t), [&](int64_t at, int64_t feature, int64_t i) {
      uint16_t bits = 0;
      for (int64_t j = 0; j < 8; ++j) {
        const uint8_t place = tile.positions[static_cast<size_t>(feature * stored + i + j)];
        bits = static_cast<uint16_t>(bits | place << (2 * j));
      }
      std::memcpy(&order.bytes[static_cast<size_t>(at)], &bits, 2);
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
  tiles.tiles.resize(order.first_step.size() - 1);
  for (size_t t = 0; t < tiles.tiles.size(); ++t) {
    TensorCoreTile& tile = tiles.tiles[t];
    const int64_t stored = stored_per_feature(order, t);
    const auto row = order.rows.begin() + order.first_step[t] * step_rows(order.sparse);
    const auto end = order.rows.begin() + order.first_step[t + 1] * step_rows(order.sparse);
    tile.rows.assign(row, end);
    const auto column = order.columns.begin() + static_cast<int64_t>(t) * order.features;
    tile.columns.assign(column, column + order.features);
    tile.values.resize(static_cast<size_t>(order.features * stored));
    for_each_value(order, t, [&](int64_t at, int64_t feature, int64_t i) {
      std::memcpy(&tile.values[static_cast<size_t>(feature * stored + i)],
                  &order.bytes[static_cast<size_t>(at)], 2);
    });
    if (!order.sparse) continue;
    tile.positions.resize(tile.values.size());
    for_each_metadata(order, t, [&](int64_t at, int64_t feature, int64_t i) {
      uint16_t bits = 0;
      std::memcpy(&bits, &order.bytes[static_cast<size_t>(at)], 2);
      for (int64_t j = 0; j < 8; ++j) {
        tile.positions[static_cast<size_t>(feature * stored + i + j)] =
            static_cast<uint8_t>(bits >> (2 * j) & 3);
      }
    });
  }
  return tiles;
}

}  // namespace tvw::kernels::cuda
