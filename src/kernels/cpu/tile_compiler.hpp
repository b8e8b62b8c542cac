/// @file Makes the code of one tile of weights for AVX-512: what all types of numbers share.
///
/// A kernel that reads which row a product takes has to load that row for every product. Here
/// places are part of the code: a row is loaded once for all columns that multiply it, sums stay in
/// registers meanwhile, and all that is left of a product is one instruction, a multiplication by a
/// weight in memory. The code of such an instruction takes 7 bytes beside the weight's 4.
///
/// A tile's rows are cut into chunks, so that a chunk's rows stay in the L1 cache for all of the
/// tile's columns, and its code in the L2 cache for all panels. Columns are taken in parts whose
/// sums fit the registers. While a panel is multiplied, its code asks for the next one's rows.
#pragma once

#include <xbyak/xbyak.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cpu/compiled_tiles.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {

class TileCompiler : protected Xbyak::CodeGenerator {
 public:
  virtual ~TileCompiler() = default;
  TileCompiler(const TileCompiler&) = delete;
  TileCompiler& operator=(const TileCompiler&) = delete;

  /// Once. `items` are rows, or what else a type of number takes one after the other; `columns`
  /// and the most items of a chunk are more than zero.
  /// @throws Xbyak::Error no memory
  [[nodiscard]] TileProgram compile(int columns, int64_t items, int64_t most_in_chunk);

 protected:
  /// `stride` elements of 4 bytes from one row of a panel to the next.
  explicit TileCompiler(int64_t stride);

  /// Adds item `i` to the sums of columns first to last - 1, which are in registers 0 on.
  virtual void multiply(int64_t i, int first, int last) = 0;
  /// Appends rows of a panel that item `i` takes.
  virtual void add_rows(int64_t i, std::vector<int64_t>& rows) const = 0;
  /// At the beginning of a chunk's code; and of each part of so many columns, when registers hold
  /// no rows.
  virtual void begin_chunk() {}
  virtual void begin_part(int /*columns*/) {}
  /// What becomes of the sums.
  virtual void end_part(int first, int last) { store_sums(first, last); }

  /// Of a panel.
  [[nodiscard]] Xbyak::Address row(int64_t id) const;
  /// The next weight, broadcast, for an instruction to come.
  [[nodiscard]] Xbyak::Address next_weight(uint32_t weight);
  void store_sums(int first, int last);

  // TileCode's parameters as the System V ABI passes them, and registers that are free.
  const Xbyak::Reg64 kRows = rdi, kWeights = rsi, kSums = rdx, kTokens = rcx, kStart = r8,
                     kRounded = r9, kNextRows = r10, kFree = rax;

 private:
  struct Range {
    int64_t begin, end;
  };
  void compile_chunk(int columns, Range items);
  void load_sums(int first, int last);

  int64_t row_bytes_;
  int next_ = 0;  ///< weight, from where kWeights points to
  WeightWords weights_;
};

/// All tiles of some weights, each by compile(tile).
/// @throws Error kUnsupported no memory for code
template <class Weights, class Compile>
std::unique_ptr<PanelTiles> compile_tiles(const Weights& weights, PanelRows rows, std::string isa,
                                          const Compile& compile) {
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
  return make_program_tiles(std::move(columns), programs, weights.products, rows, std::move(isa));
}

}  // namespace tvw::kernels::cpu
