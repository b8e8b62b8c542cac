// Panels of f32 times columns with rows of their own, by code made for just these weights.
//
// A kernel that reads which row a product takes has to load that row for every product. Here places
// are part of the code: a row is loaded once for all columns of a tile that multiply it, sums stay
// in registers from the first row to the last, and all that is left of a product is one
// instruction, a multiplication by a weight in memory. On AVX-512, whose registers are enough for
// it: 28 columns' sums and four rows, which renaming makes as many as there is room for.
//
// The code of a product takes 7 bytes beside the weight's 4. Both are read once for each vector of
// tokens, so that it is for problems whose weights are read more than once anyway.
#include <algorithm>
#include <string>
#include <vector>

#include "kernels/cpu/code_memory.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/core/error.hpp"

#if TVW_HAVE_XBYAK
#include <xbyak/xbyak.h>

namespace tvw::kernels::cpu {
namespace {

/// To 16 tokens of each column's sums, `tokens` bytes from their beginning on. `rows` at the first
/// of those tokens; sums begin with `start`, or with what they are if it is null.
using TileCode = void (*)(const float* rows, const float* weights, float* const* sums,
                          int64_t tokens, const float* start);

constexpr int kRowRegisters = 4;
static_assert(kCompiledColumns + kRowRegisters <= 32);

/// An entry of a row, as the code takes it.
struct Product {
  int column;  ///< of the tile
  float weight;
};

/// A row that columns of a tile multiply.
struct SharedRow {
  int64_t id = 0;  ///< in the panel
  std::vector<Product> products;
};

/// Rows ascending, whatever the tile's order: so the processor foresees where the next one is.
std::vector<SharedRow> by_rows(const PanelTile& tile) {
  const auto columns = std::ssize(tile.columns);
  std::vector<SharedRow> rows;
  for (const int32_t id : tile.rows) rows.push_back({id, {}});
  std::ranges::sort(rows, {}, &SharedRow::id);
  size_t entry = 0;
  for (std::ptrdiff_t run = 0; run < std::ssize(tile.counts); ++run) {
    const int column = static_cast<int>(run % columns);
    for (int32_t i = 0; i < tile.counts[static_cast<size_t>(run)]; ++i, ++entry) {
      const auto row = std::ranges::lower_bound(rows, int64_t{tile.ids[entry]}, {}, &SharedRow::id);
      row->products.push_back({column, tile.weights[entry]});
    }
  }
  std::erase_if(rows, [](const SharedRow& row) { return row.products.empty(); });
  return rows;
}

/// An instruction reaches 256 weights from a register by a displacement of one byte.
constexpr int kReach = 256;
constexpr int kWeightBytes = 4;

/// No less than what the code of a tile takes.
size_t most_code_bytes(const PanelTile& tile) {
  constexpr size_t kPerTile = 128, kPerColumn = 64, kPerRow = 12, kPerProduct = 8;
  return kPerTile + tile.columns.size() * kPerColumn + tile.rows.size() * kPerRow +
         tile.weights.size() * kPerProduct;
}

/// Writes one tile's code after the other.
class Compiler : private Xbyak::CodeGenerator {
 public:
  /// `stride` floats from one row of a panel to the next.
  Compiler(const CodeMemory& memory, int64_t stride)
      : CodeGenerator(memory.size(), memory.data()), row_bytes_(stride * kWeightBytes) {}

  /// Appends the tile's weights in the order in which its code reads them.
  TileCode compile(const PanelTile& tile, HostFloats& weights) {
    const auto* code = getCurr();
    const int columns = static_cast<int>(tile.columns.size());
    begin_sums(columns);
    add(kWeights, kReach / 2 * kWeightBytes);
    int next = -kReach / 2;  // weight, from where kWeights points to
    int row_register = 0;
    for (const SharedRow& row : by_rows(tile)) {
      const Xbyak::Zmm tokens(kCompiledColumns + row_register);
      row_register = (row_register + 1) % kRowRegisters;
      vmovups(tokens, ptr[kRows + static_cast<int>(row.id * row_bytes_)]);
      for (const Product& product : row.products) {
        if (next == kReach / 2) {
          add(kWeights, kReach * kWeightBytes);
          next -= kReach;
        }
        vfmadd231ps(Xbyak::Zmm(product.column), tokens, ptr_b[kWeights + next * kWeightBytes]);
        weights.push_back(product.weight);
        ++next;
      }
    }
    end_sums(columns);
    return reinterpret_cast<TileCode>(reinterpret_cast<uintptr_t>(code));
  }

 private:
  void begin_sums(int columns) {
    Xbyak::Label from_sums, done;
    test(kStart, kStart);
    jz(from_sums, T_NEAR);
    for (int c = 0; c < columns; ++c) {
      vbroadcastss(Xbyak::Zmm(c), ptr[kStart + c * int{sizeof(float)}]);
    }
    jmp(done, T_NEAR);
    L(from_sums);
    for (int c = 0; c < columns; ++c) {
      mov(kSum, ptr[kSums + c * int{sizeof(float*)}]);
      vmovups(Xbyak::Zmm(c), ptr[kSum + kTokens]);
    }
    L(done);
  }
  void end_sums(int columns) {
    for (int c = 0; c < columns; ++c) {
      mov(kSum, ptr[kSums + c * int{sizeof(float*)}]);
      vmovups(ptr[kSum + kTokens], Xbyak::Zmm(c));
    }
    vzeroupper();
    ret();
  }

  // TileCode's parameters as the System V ABI passes them, and a register that is free.
  const Xbyak::Reg64 kRows = rdi, kWeights = rsi, kSums = rdx, kTokens = rcx, kStart = r8,
                     kSum = rax;
  int64_t row_bytes_;
};

class CompiledTiles final : public PanelTiles {
 public:
  CompiledTiles(const PanelWeights& weights, int64_t stride)
      : products_(weights.products), code_(code_bytes(weights)) {
    weights_.reserve(static_cast<size_t>(products_));
    try {
      Compiler compiler(code_, stride);
      for (const PanelTile& tile : weights.tiles) {
        const auto first = std::ssize(weights_);
        tiles_.push_back({tile.columns, compiler.compile(tile, weights_), first});
      }
    } catch (const Xbyak::Error& error) {
      throw Error(ErrorCode::kUnsupported, std::string("code for weights: ") + error.what());
    }
    code_.make_executable();
  }

  [[nodiscard]] PanelRows rows() const override { return PanelRows::kF32; }
  [[nodiscard]] int64_t count() const override { return std::ssize(tiles_); }
  [[nodiscard]] std::span<const int32_t> columns(int64_t tile) const override {
    return tiles_[static_cast<size_t>(tile)].columns;
  }
  [[nodiscard]] bool takes_any_stride() const override { return false; }
  void multiply(int64_t t, const PanelTask& task) const override {
    const Tile& tile = tiles_[static_cast<size_t>(t)];
    const auto* rows = static_cast<const float*>(task.rows);
    for (int64_t token = 0; token < task.tokens; token += kVectorTokens) {
      tile.code(rows + token, weights_.data() + tile.first_weight, task.sums,
                token * int64_t{sizeof(float)}, task.start);
    }
  }
  [[nodiscard]] int64_t size_bytes() const override {
    return static_cast<int64_t>(code_.size() + weights_.size() * sizeof(float));
  }
  [[nodiscard]] double products() const override { return products_; }
  [[nodiscard]] std::string way() const override { return "compiled"; }
  [[nodiscard]] std::string isa() const override { return f32_isa_name(); }

 private:
  struct Tile {
    std::vector<int32_t> columns;
    TileCode code = nullptr;
    std::ptrdiff_t first_weight = 0;
  };

  static size_t code_bytes(const PanelWeights& weights) {
    size_t bytes = 1;
    for (const PanelTile& tile : weights.tiles) bytes += most_code_bytes(tile);
    return bytes;
  }

  double products_;
  CodeMemory code_;
  HostFloats weights_;
  std::vector<Tile> tiles_;
};

}  // namespace

bool compiles_tiles() { return cpu_isa() >= CpuIsa::kAvx512 && may_make_code(); }

std::unique_ptr<PanelTiles> make_compiled_tiles(const PanelWeights& weights, int64_t stride) {
  return std::make_unique<CompiledTiles>(weights, stride);
}

}  // namespace tvw::kernels::cpu

#else  // no x86

namespace tvw::kernels::cpu {

bool compiles_tiles() { return false; }

std::unique_ptr<PanelTiles> make_compiled_tiles(const PanelWeights& /*weights*/,
                                                int64_t /*stride*/) {
  throw Error(ErrorCode::kUnsupported, "code for weights: only x86 has it");
}

}  // namespace tvw::kernels::cpu
#endif
