/// @file Tiles of weights as the row plan sees them, whatever multiplies them.
///
/// A *block* of tokens holds the activations feature by feature: a kept row of a tile is then one
/// load. A tile's columns are taken in units, and those in groups (row_weights.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "kernels/cpu/amx_row_weights.hpp"
#include "kernels/cpu/row_weights.hpp"

namespace tvw::kernels::cpu {

/// A block of tokens, and where a tile's sums with it go.
struct RowTask {
  /// [K][width], zero where a token lacks; if width is more than 1, so is what is before it: row
  /// -1.
  const float* block = nullptr;
  int64_t tokens = 0;     ///< of the block that there are, 1 to width
  float* sums = nullptr;  ///< [width][stride], kUnitColumns for each unit of the tile
  int64_t stride = 0;
};

class RowTiles {
 public:
  virtual ~RowTiles() = default;
  RowTiles(const RowTiles&) = delete;
  RowTiles& operator=(const RowTiles&) = delete;

  /// Tokens of a block.
  [[nodiscard]] virtual int64_t width() const = 0;
  [[nodiscard]] virtual const RowStore& store() const = 0;
  /// That multiply() needs for itself, for up to so many units at a time.
  [[nodiscard]] virtual int64_t scratch_bytes(int64_t units) const = 0;
  /// Units `first` to `last` of a tile of store(), whole groups, times a block; `scratch` is
  /// 64-byte aligned.
  virtual void multiply(const RowTile& tile, int64_t first, int64_t last, const RowTask& task,
                        std::byte* scratch) const = 0;
  [[nodiscard]] virtual std::string isa() const = 0;

 protected:
  RowTiles() = default;
};

/// Tokens of a block that are multiplied and added one by one: 1, kRowTokens or kMostRowTokens.
[[nodiscard]] int64_t row_width(int64_t M);
/// Rows of a tile that such blocks are gathered and multiplied by at a time.
[[nodiscard]] int64_t row_chunk(int64_t width, int64_t K);
/// REQUIRES: width is row_width() of some M.
[[nodiscard]] std::unique_ptr<RowTiles> make_f32_row_tiles(RowWeights weights, int64_t width);

/// Products of f32 as sums of products of bf16 (split_bf16.hpp). REQUIRES: cpu_isa() kAmxBf16
[[nodiscard]] std::unique_ptr<RowTiles> make_amx_row_tiles(AmxRowWeights weights);

}  // namespace tvw::kernels::cpu
