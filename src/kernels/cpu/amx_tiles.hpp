/// @file Panels of bf16 times tiles of bf16, by registers of 16 x 16: chunk after chunk of a tile's
/// rows is gathered as pairs, and all columns work on each while it is in the L1 cache.
///
/// `Registers` is AmxRegisters, or for tests what does the same without AMX.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "kernels/cpu/amx_weights.hpp"
#include "kernels/cpu/bf16_kernels.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_tiles.hpp"

namespace tvw::kernels::cpu {

static_assert(kVectorTokens == kAmxPairs && kVectorTokens == kAmxRows);
static_assert(kMostTileColumns % kAmxRows == 0);

/// Some steps of a tile, and the rows of a panel that they multiply.
struct AmxChunk {
  const AmxTile& tile;
  int64_t first_step = 0;
  int64_t steps = 0;
  int64_t tokens = 0;         ///< kVectorTokens or kHalvesTokens
  uint32_t* pairs = nullptr;  ///< [steps * kAmxPairs][kHalvesTokens]
  float* sums = nullptr;      ///< [blocks * kAmxRows][kHalvesTokens]

  [[nodiscard]] const uint32_t* weights(int64_t block) const {
    return tile.weights.data() + (block * tile.steps() + first_step) * kAmxRegisterWords;
  }
  /// Into `pairs`: all before it is multiplied, as vectors and AMX hold each other up.
  void gather(const void* panel) const {
    const auto first = static_cast<size_t>(first_step * 2 * kAmxPairs);
    gather_halves(
        static_cast<const uint32_t*>(panel), tokens,
        std::span(tile.features).subspan(first, static_cast<size_t>(steps * 2 * kAmxPairs)), pairs);
  }
};

/// kBlocks of columns by kVectors of tokens, two each at most. Sums are in registers 0 to 3,
/// weights in 4 and 5, pairs in 6 and 7.
template <class Registers, int kBlocks, int kVectors>
void multiply_amx_block(const AmxChunk& chunk, int64_t block) {
  constexpr int64_t kRowBytes = kHalvesTokens * sizeof(uint32_t);
  constexpr int64_t kWeightBytes = kAmxPairs * sizeof(uint32_t);
  const auto over_sums = [&](const auto& visit) {
    float* sums = chunk.sums + block * kAmxRows * kHalvesTokens;
    visit.template operator()<0>(sums);
    if constexpr (kVectors > 1) visit.template operator()<1>(sums + kVectorTokens);
    if constexpr (kBlocks > 1) {
      sums += kAmxRows * kHalvesTokens;
      visit.template operator()<2>(sums);
      if constexpr (kVectors > 1) visit.template operator()<3>(sums + kVectorTokens);
    }
  };
  over_sums([&]<int kRegister>(const float* from) {
    if (chunk.first_step == 0) {
      Registers::template clear<kRegister>();
    } else {
      Registers::template load<kRegister>(from, kRowBytes);
    }
  });
  [[maybe_unused]] const int64_t block_words = chunk.tile.steps() * kAmxRegisterWords;
  const uint32_t* weights = chunk.weights(block);
  const uint32_t* pairs = chunk.pairs;
  for (int64_t step = 0; step < chunk.steps; ++step) {
    Registers::template load_once<4>(weights, kWeightBytes);
    Registers::template load<6>(pairs, kRowBytes);
    Registers::template add_products<0, 4, 6>();
    if constexpr (kVectors > 1) {
      Registers::template load<7>(pairs + kVectorTokens, kRowBytes);
      Registers::template add_products<1, 4, 7>();
    }
    if constexpr (kBlocks > 1) {
      Registers::template load_once<5>(weights + block_words, kWeightBytes);
      Registers::template add_products<2, 5, 6>();
      if constexpr (kVectors > 1) Registers::template add_products<3, 5, 7>();
    }
    weights += kAmxRegisterWords;
    pairs += kAmxPairs * kHalvesTokens;
  }
  over_sums([&]<int kRegister>(float* to) { Registers::template store<kRegister>(to, kRowBytes); });
}

template <class Registers, int kVectors>
void multiply_amx_chunk(const AmxChunk& chunk) {
  const int64_t blocks = chunk.tile.blocks();
  int64_t block = 0;
  for (; block + 2 <= blocks; block += 2) multiply_amx_block<Registers, 2, kVectors>(chunk, block);
  if (block < blocks) multiply_amx_block<Registers, 1, kVectors>(chunk, block);
}

template <class Registers>
class AmxTiles final : public PanelTiles {
 public:
  explicit AmxTiles(AmxWeights weights) : weights_(std::move(weights)) {}

  [[nodiscard]] PanelRows rows() const override { return PanelRows::kBf16Halves; }
  [[nodiscard]] int64_t count() const override { return std::ssize(weights_.tiles); }
  [[nodiscard]] std::span<const int32_t> columns(int64_t tile) const override {
    return weights_.tiles[static_cast<size_t>(tile)].columns;
  }
  [[nodiscard]] bool wants_many_panels() const override { return true; }
  void multiply(int64_t t, std::span<const PanelTask> panels) const override {
    const AmxTile& tile = weights_.tiles[static_cast<size_t>(t)];
    Registers::configure();
    for (const PanelTask& panel : panels) multiply(tile, panel);
    Registers::release();
  }
  [[nodiscard]] int64_t size_bytes() const override { return weights_.size_bytes(); }
  [[nodiscard]] double products() const override { return weights_.products; }
  [[nodiscard]] std::string isa() const override { return name(CpuIsa::kAmxBf16); }

 private:
  static void multiply(const AmxTile& tile, const PanelTask& panel) {
    constexpr int64_t kChunkSteps = 8;  // 16 KiB of pairs
    alignas(64) thread_local uint32_t pairs[kChunkSteps * kAmxPairs * kHalvesTokens];
    alignas(64) thread_local float sums[kMostTileColumns * kHalvesTokens];
    AmxChunk chunk{tile, 0, 0, panel.to.tokens, pairs, sums};
    do {
      chunk.steps = std::min(tile.steps() - chunk.first_step, kChunkSteps);
      chunk.gather(panel.rows);
      if (panel.to.tokens > kVectorTokens) {
        multiply_amx_chunk<Registers, 2>(chunk);
      } else {
        multiply_amx_chunk<Registers, 1>(chunk);
      }
      chunk.first_step += chunk.steps;
    } while (chunk.first_step < tile.steps());
    finish_sums(sums, kHalvesTokens, std::ssize(tile.columns), panel.to);
  }

  AmxWeights weights_;
};

}  // namespace tvw::kernels::cpu
