/// @file Weights as the bf16 panel kernels read them: like panel_weights.hpp, but two by two.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/tiles.hpp"

namespace tvw::kernels::cpu {

/// Byte offset of a chunk's pair among all of them, in panels of `tokens` tokens; and back.
[[nodiscard]] constexpr uint16_t pair_offset(int64_t pair, int64_t tokens) {
  return static_cast<uint16_t>(pair * tokens * int64_t{sizeof(uint32_t)});
}
[[nodiscard]] constexpr int64_t pair_at(uint16_t offset, int64_t tokens) {
  return offset / (tokens * int64_t{sizeof(uint32_t)});
}

/// Quads of which all pairs are made at a time: for kMostTokens tokens they take 24 KiB.
inline constexpr int64_t kChunkQuads = 16;
/// Pairs that columns share and that are worked on at a time: 20 KiB.
inline constexpr int64_t kChunkPairs = 80;

/// Of weights that are bf16 already, in f32.
[[nodiscard]] constexpr uint32_t bf16_pair(float low, float high) {
  return std::bit_cast<uint32_t>(low) >> 16 | (std::bit_cast<uint32_t>(high) & 0xFFFF0000u);
}

/// Columns and the pairs of rows they multiply: all of the tile's, or each column its own.
struct PairTile {
  std::vector<int32_t> columns;  ///< ids in B
  /// Ids in B, or -1 for none: two by two, or for own pairs four by four, the quads; in the order
  /// of reading, kChunkPairs or kChunkQuads make a chunk.
  std::vector<int32_t> features;
  /// Two bf16, the lower half for the row that comes first. Shared pairs:
  /// [chunks][groups][pairs of the chunk][kGroupColumns], zero for columns that the last group
  /// lacks. Own pairs: [chunks][columns][entries].
  HostVector<uint32_t> weights;
  // Own pairs only.
  std::vector<int32_t> counts;   ///< [chunks][columns] entries
  HostVector<uint16_t> offsets;  ///< like `weights`: byte offset of the pair among the chunk's

  [[nodiscard]] bool has_own_pairs() const { return !counts.empty(); }
};

struct PairWeights {
  /// Every column is in one of them; those that nothing is left of are in tiles without pairs.
  std::vector<PairTile> tiles;
  double products = 0.0;  ///< per token

  [[nodiscard]] int64_t size_bytes() const;
};

/// For panels of `tokens` tokens. Weights must be bf16 already, in f32. Tiles of more than `width`
/// columns are split.
[[nodiscard]] PairWeights make_pair_weights(int64_t N, int64_t tokens, int64_t width,
                                            const std::vector<DenseTile>& tiles);
[[nodiscard]] PairWeights make_pair_weights(int64_t N, int64_t tokens, int64_t width,
                                            const std::vector<QuadTile>& tiles);

}  // namespace tvw::kernels::cpu
