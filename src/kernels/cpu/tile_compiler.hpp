/// @file Makes the code of one tile of weights for AVX-512: what all kinds of tiles and types of
/// numbers share.
///
/// Columns are taken in parts whose sums fit the registers. A row is loaded once for all columns of
/// a part that multiply it, and all that is left of a product is one instruction, a multiplication
/// by a weight in memory.
///
/// A tile's rows are cut into chunks, whose rows of a panel fit the L1 cache, and whose code and
/// weights stay in a cache of the core's own for all panels. While a panel is multiplied, its code
/// asks for the next one's rows.
#pragma once

#include <xbyak/xbyak.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cpu/compiled_tiles.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {

class TileCompiler : protected Xbyak::CodeGenerator {
 public:
  virtual ~TileCompiler() = default;
  TileCompiler(const TileCompiler&) = delete;
  TileCompiler& operator=(const TileCompiler&) = delete;

  /// Once. `items` are rows, or what else a kind of tile takes one after the other; `columns` and
  /// the most items of a chunk are more than zero.
  /// @throws Xbyak::Error no memory
  [[nodiscard]] TileProgram compile(int columns, int64_t items, int64_t most_in_chunk);

 protected:
  struct Part {
    int index;        ///< of the tile
    int first, last;  ///< columns first to last - 1
    [[nodiscard]] int columns() const { return last - first; }
  };

  static constexpr int kWeightBytes = 4;  ///< and those of an element of a panel

  /// Whose products one chunk adds.
  enum class ChunkOf : uint8_t {
    kTile,  ///< all parts', one after the other: rows are read once
    kPart,  ///< code is short
  };

  /// `columns` are ids in B.
  TileCompiler(const CodeUse& use, std::span<const int32_t> columns, ChunkOf chunk_of);

  /// At the beginning of a chunk's code.
  virtual void begin_chunk(Range /*items*/) {}
  /// Adds items to the sums of a part's columns, which are in registers 0 on.
  virtual void multiply(Range items, Part part) = 0;
  /// What becomes of the sums.
  virtual void end_part(Part part) { store_sums(part); }

  /// From the first token of a panel to that of its row `id`.
  [[nodiscard]] int row_offset(int64_t id) const { return static_cast<int>(id * row_bytes_); }
  /// Of the next panel's row, what lies that far from its first: its last token. Rows of A may
  /// begin in a line that was read for the tokens before them, and end in one that was not.
  [[nodiscard]] Xbyak::Address of_next_row(const Xbyak::RegExp& offset) const {
    return ptr[kNextRows + offset + (kVectorTokens - 1) * kWeightBytes];
  }
  /// Elements from the results of the tile's first column to those of column `c`.
  [[nodiscard]] int64_t results_offset(int c) const;
  /// To what the chunk's code reads at kWeights.
  void push_weight(uint32_t weight) { weights_.push_back(weight); }
  void store_sums(Part part);

  // TileCode's parameters as the System V ABI passes them, and registers that are free.
  const Xbyak::Reg64 kRows = rdi, kWeights = rsi, kSums = rdx, kStart = rcx, kRounded = r8,
                     kNextRows = r9, kFree = rax, kAlsoFree = r11;

 private:
  void compile_chunk(bool begins, Range items, const std::vector<Part>& parts);
  void start_sums(Part part);
  void load_sums(Part part);
  [[nodiscard]] Xbyak::Address sums_of(int c) const;

  const Xbyak::Opmask kCounts = k3;
  CodeUse use_;
  std::span<const int32_t> columns_;
  int64_t row_bytes_;
  ChunkOf chunk_of_;
  WeightWords weights_;
};

/// Of tiles whose columns have rows of their own. A kernel that reads which row a product takes has
/// to load that row for every product. Here places are part of the code, 7 bytes of it for each
/// product beside the weight's 4. Without a loop in it, code is read as fast as it is run only from
/// the L1 cache: so a chunk is of one part.
class OwnRowsCompiler : public TileCompiler {
 protected:
  OwnRowsCompiler(const CodeUse& use, std::span<const int32_t> columns)
      : TileCompiler(use, columns, ChunkOf::kPart) {}

  /// At the beginning of a part of so many columns, when registers hold no rows.
  virtual void begin_part(int /*columns*/) {}
  /// Adds item `i` to the sums of columns first to last - 1.
  virtual void multiply_item(int64_t i, int first, int last) = 0;
  /// Appends rows of a panel that item `i` takes.
  virtual void add_rows(int64_t i, std::vector<int64_t>& rows) const = 0;

  void begin_chunk(Range items) override;

  /// Of a panel.
  [[nodiscard]] Xbyak::Address row(int64_t id) const { return ptr[kRows + row_offset(id)]; }
  /// The next weight, broadcast, for an instruction to come.
  [[nodiscard]] Xbyak::Address next_weight(uint32_t weight);

 private:
  void multiply(Range items, Part part) final;

  int next_ = 0;               ///< weight, from where kWeights points to
  std::vector<int64_t> rows_;  ///< that the chunk takes
};

/// All tiles of some weights, each by compile(tile).
/// @throws Error kUnsupported no memory for code
template <class Weights, class Compile>
std::unique_ptr<PanelTiles> compile_tiles(const Weights& weights, const CodeUse& use,
                                          PanelRows rows, std::string isa, const Compile& compile) {
  std::vector<std::vector<int32_t>> columns;
  for (const auto& tile : weights.tiles) columns.push_back(tile.columns);
  std::vector<TileProgram> programs(weights.tiles.size());
  try {
    parallel_for(std::ssize(programs), [&](int64_t t) {
      const auto i = static_cast<size_t>(t);
      programs[i] = compile(weights.tiles[i]);
    });
  } catch (const Xbyak::Error& error) {
    throw Error(ErrorCode::kUnsupported, std::string("code for weights: ") + error.what());
  }
  return make_program_tiles(std::move(columns), programs, use, weights.products, rows,
                            std::move(isa));
}

}  // namespace tvw::kernels::cpu
