/// @file Tiles of weights as machine code that is made for just them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_tiles.hpp"

namespace tvw::kernels::cpu {

/// To 16 tokens of each column's sums. `rows`, `sums` and `rounded` at the first of those tokens,
/// of the first row and column; where those of others are is part of the code. Sums begin with
/// `start`, or with what they are if it is null. They end in `rounded`, as bf16, if it is not null.
/// `next_rows` is what `rows` will be in the next call. Bit t of `counts`: whether token t's sums
/// are touched, if the code leaves out tokens.
using TileCode = void (*)(const void* rows, const void* weights, float* sums, const float* start,
                          uint16_t* rounded, const void* next_rows, uint32_t counts);

/// Of 4 bytes, whatever is in them: what one instruction multiplies by.
using WeightWords = HostVector<uint32_t>;

/// Code of one tile, not where it can run yet, and the weights in the order in which it reads them.
struct TileProgram {
  /// A TileCode that adds some rows' products to the sums of some columns.
  struct Chunk {
    size_t code = 0;     ///< where its code begins
    size_t weights = 0;  ///< and its weights
    bool begins = true;  ///< has the first rows of these columns
    bool ends = true;    ///< the last ones
  };
  std::vector<uint8_t> code;
  WeightWords weights;
  std::vector<Chunk> chunks;  ///< in the order in which they are run
};

/// Columns whose sums fit the registers of AVX-512, beside rows.
inline constexpr int kCompiledColumns = 28;

/// What an instruction multiplies a row by, whatever it is that it takes for a row.
struct Product {
  int column;  ///< of the tile
  uint32_t weight;
};

/// Of `products`, whose columns ascend, those of columns first to last - 1.
[[nodiscard]] std::span<const Product> products_of(const std::vector<Product>& products, int first,
                                                   int last);

/// `columns` and `programs` of each tile, made for `use`.
/// @throws Error kUnsupported no memory for code
[[nodiscard]] std::unique_ptr<PanelTiles> make_program_tiles(
    std::vector<std::vector<int32_t>> columns, const std::vector<TileProgram>& programs,
    const CodeUse& use, double products, PanelRows rows, std::string isa);

}  // namespace tvw::kernels::cpu
