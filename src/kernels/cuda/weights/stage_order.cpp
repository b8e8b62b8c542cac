#include "kernels/cuda/weights/stage_order.hpp"

#include <algorithm>
#include <cstring>

#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr int64_t kValueBytes = 2048;    // of a block of 64 features and one instruction
constexpr int64_t kMetadataBytes = 256;  // likewise

int64_t block_bytes(const StageOrder& order) {
  return order.instructions * (kValueBytes + (order.sparse ? kMetadataBytes : 0));
}

/// In bytes from the stage's start: stored value of an instruction.
int64_t value_offset(const StageOrder& order, int64_t instruction, int64_t feature,
                     int64_t stored) {
  const int64_t f = feature % kBlockFeatures;
  return feature / kBlockFeatures * block_bytes(order) + instruction * kValueBytes +
         (stored / 8 * 8 + f / 8) * 128 + f % 8 * 16 + stored % 8 * 2;
}

/// Likewise: the 16 bits of metadata of a feature for the logical rows 16 * half onwards.
int64_t metadata_offset(const StageOrder& order, int64_t instruction, int64_t feature,
                        int64_t half) {
  const int64_t f = feature % kBlockFeatures;
  const int64_t warp = f / 16, quad = f % 8, high = f % 16 / 8;
  const int64_t word = ((warp * 8 + quad) * 2 + half) * order.instructions + instruction;
  return feature / kBlockFeatures * block_bytes(order) + order.instructions * kValueBytes +
         word * 4 + high * 2;
}

/// Calls visit(f, stored_index_in_tile, stage, byte offset) for every stored value of tile t.
template <class Visit>
void for_each_value(const StageOrder& order, int64_t stages, const Visit& visit) {
  for (int64_t stage = 0; stage < stages; ++stage) {
    for (int64_t i = 0; i < order.instructions; ++i) {
      for (int64_t f = 0; f < order.features; ++f) {
        for (int64_t c = 0; c < kStoredPerInstruction; ++c) {
          visit(f, (stage * order.instructions + i) * kStoredPerInstruction + c, stage,
                value_offset(order, i, f, c));
        }
      }
    }
  }
}

/// Calls visit(f, first stored index, stage, byte offset) for every 16 bits of metadata: 8 values.
template <class Visit>
void for_each_metadata(const StageOrder& order, int64_t stages, const Visit& visit) {
  for (int64_t stage = 0; stage < stages; ++stage) {
    for (int64_t i = 0; i < order.instructions; ++i) {
      for (int64_t f = 0; f < order.features; ++f) {
        for (int64_t half = 0; half < 2; ++half) {
          visit(f, (stage * order.instructions + i) * kStoredPerInstruction + half * 8, stage,
                metadata_offset(order, i, f, half));
        }
      }
    }
  }
}

int64_t stored_per_feature(const StageOrder& order, int64_t stages) {
  return stages * order.instructions * kStoredPerInstruction;
}

}  // namespace

StageOrder to_stage_order(const TensorCoreTiles& tiles, int64_t instructions) {
  StageOrder order;
  order.instructions = instructions;
  order.features = tiles.features;
  order.sparse = tiles.sparse;
  order.first_stage.push_back(0);
  for (const TensorCoreTile& tile : tiles.tiles) {
    const auto stages =
        static_cast<int32_t>(static_cast<int64_t>(tile.rows.size()) / order.stage_rows());
    order.first_stage.push_back(order.first_stage.back() + stages);
    order.rows.insert(order.rows.end(), tile.rows.begin(), tile.rows.end());
    order.columns.insert(order.columns.end(), tile.columns.begin(), tile.columns.end());
  }
  order.bytes.resize(static_cast<size_t>(order.first_stage.back() * order.stage_bytes()));
  parallel_for(static_cast<int64_t>(tiles.tiles.size()), [&](int64_t t) {
    const TensorCoreTile& tile = tiles.tiles[static_cast<size_t>(t)];
    const int64_t first = order.first_stage[static_cast<size_t>(t)];
    const int64_t stages = order.first_stage[static_cast<size_t>(t) + 1] - first;
    const int64_t stored = stored_per_feature(order, stages);
    const auto at = [&](int64_t stage, int64_t offset) {
      return order.bytes.data() + (first + stage) * order.stage_bytes() + offset;
    };
    for_each_value(order, stages, [&](int64_t f, int64_t i, int64_t stage, int64_t offset) {
      std::memcpy(at(stage, offset), &tile.values[static_cast<size_t>(f * stored + i)], 2);
    });
    if (!order.sparse) return;
    for_each_metadata(order, stages, [&](int64_t f, int64_t i, int64_t stage, int64_t offset) {
      uint16_t bits = 0;
      for (int64_t j = 0; j < 8; ++j) {
        bits = static_cast<uint16_t>(bits | tile.positions[static_cast<size_t>(f * stored + i + j)]
                                                << (2 * j));
      }
      std::memcpy(at(stage, offset), &bits, 2);
    });
  });
  return order;
}

TensorCoreTiles from_stage_order(const StageOrder& order, int64_t K, int64_t N) {
  TensorCoreTiles tiles;
  tiles.K = K;
  tiles.N = N;
  tiles.features = order.features;
  tiles.sparse = order.sparse;
  tiles.tiles.resize(order.first_stage.size() - 1);
  for (size_t t = 0; t < tiles.tiles.size(); ++t) {
    TensorCoreTile& tile = tiles.tiles[t];
    const int64_t first = order.first_stage[t];
    const int64_t stages = order.first_stage[t + 1] - first;
    const int64_t stored = stored_per_feature(order, stages);
    tile.rows.assign(order.rows.begin() + first * order.stage_rows(),
                     order.rows.begin() + (first + stages) * order.stage_rows());
    const auto column = order.columns.begin() + static_cast<int64_t>(t) * order.features;
    tile.columns.assign(column, column + order.features);
    tile.values.resize(static_cast<size_t>(order.features * stored));
    const auto at = [&](int64_t stage, int64_t offset) {
      return order.bytes.data() + (first + stage) * order.stage_bytes() + offset;
    };
    for_each_value(order, stages, [&](int64_t f, int64_t i, int64_t stage, int64_t offset) {
      std::memcpy(&tile.values[static_cast<size_t>(f * stored + i)], at(stage, offset), 2);
    });
    if (!order.sparse) continue;
    tile.positions.resize(tile.values.size());
    for_each_metadata(order, stages, [&](int64_t f, int64_t i, int64_t stage, int64_t offset) {
      uint16_t bits = 0;
      std::memcpy(&bits, at(stage, offset), 2);
      for (int64_t j = 0; j < 8; ++j) {
        tile.positions[static_cast<size_t>(f * stored + i + j)] =
            static_cast<uint8_t>(bits >> (2 * j) & 3);
      }
    });
  }
  return tiles;
}

}  // namespace tvw::kernels::cuda
