// Panels of f32 times columns, with rows of their own or shared ones, by code made for just these
// weights.
#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "kernels/cpu/tile_compiler.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Of a chunk. For 16 tokens own rows take 8 KiB, and as much again for the next panel's, which
/// come in meanwhile; their code takes 13 KiB if every column has half of them. Shared rows, 16
/// KiB, stay for all parts.
constexpr int64_t kMostOwnRowsOfChunk = 128, kMostSharedRowsOfChunk = 256;
constexpr int kRowRegisters = 4;
static_assert(kCompiledColumns + kRowRegisters <= 32);

/// A row, and what it is multiplied by.
struct ProductsOfRow {
  int64_t id = 0;                 ///< in the panel
  std::vector<Product> products;  ///< columns ascending
};

/// Rows ascending, whatever the tile's order: so the processor foresees where the next one is.
std::vector<ProductsOfRow> by_rows(const PanelTile& tile) {
  const auto columns = std::ssize(tile.columns);
  std::vector<ProductsOfRow> rows;
  for (const int32_t id : tile.rows) rows.push_back({id, {}});
  std::ranges::sort(rows, {}, &ProductsOfRow::id);
  size_t entry = 0;
  for (std::ptrdiff_t run = 0; run < std::ssize(tile.counts); ++run) {
    const int column = static_cast<int>(run % columns);
    for (int32_t i = 0; i < tile.counts[static_cast<size_t>(run)]; ++i, ++entry) {
      const auto row =
          std::ranges::lower_bound(rows, int64_t{tile.ids[entry]}, {}, &ProductsOfRow::id);
      row->products.push_back({column, std::bit_cast<uint32_t>(tile.weights[entry])});
    }
  }
  std::erase_if(rows, [](const ProductsOfRow& row) { return row.products.empty(); });
  return rows;
}

/// Of tiles whose columns have rows of their own: items are rows.
class OwnF32Compiler final : public OwnRowsCompiler {
 public:
  OwnF32Compiler(const PanelTile& tile, const CodeUse& use)
      : OwnRowsCompiler(use, tile.columns), rows_(by_rows(tile)) {}

  [[nodiscard]] int64_t items() const { return std::ssize(rows_); }

 private:
  void multiply_item(int64_t i, int first, int last) override {
    const ProductsOfRow& taken = rows_[static_cast<size_t>(i)];
    const std::span<const Product> products = products_of(taken.products, first, last);
    if (products.empty()) return;
    const Xbyak::Zmm tokens(kCompiledColumns + row_register_);
    row_register_ = (row_register_ + 1) % kRowRegisters;
    vmovups(tokens, row(taken.id));
    for (const Product& product : products) {
      vfmadd231ps(Xbyak::Zmm(product.column - first), tokens, next_weight(product.weight));
    }
  }
  void add_rows(int64_t i, std::vector<int64_t>& rows) const override {
    rows.push_back(rows_[static_cast<size_t>(i)].id);
  }

  std::vector<ProductsOfRow> rows_;
  int row_register_ = 0;
};

/// Of tiles whose columns share rows: items are rows, which a loop takes one after the other. In
/// front of a row's weights is where in the panel it begins.
class SharedF32Compiler final : public TileCompiler {
 public:
  SharedF32Compiler(const PanelTile& tile, const CodeUse& use)
      : TileCompiler(use, tile.columns, ChunkOf::kTile), tile_(tile) {}

  [[nodiscard]] int64_t items() const { return std::ssize(tile_.rows); }

 private:
  void multiply(Range items, Part part) override {
    push_weights(items, part);
    const auto count = static_cast<int>(items.count());
    if (const int turns = count / kRowRegisters; turns > 0) {
      Xbyak::Label turn;
      mov(kTurns, turns);
      L(turn);
      multiply_rows(kRowRegisters, part);
      dec(kTurns);
      jnz(turn, T_NEAR);
    }
    multiply_rows(count % kRowRegisters, part);
  }

  void push_weights(Range items, Part part) {
    for (int64_t i = items.begin; i < items.end; ++i) {
      push_weight(static_cast<uint32_t>(row_offset(tile_.rows[static_cast<size_t>(i)])));
      for (int c = part.first; c < part.last; ++c) {
        push_weight(std::bit_cast<uint32_t>(tile_.shared_weight(i, c)));
      }
    }
  }

  /// The next `count` of the items, kRowRegisters at most.
  void multiply_rows(int count, Part part) {
    int at = 0;  // from where kWeights points to
    for (int i = 0; i < count; ++i) {
      const Xbyak::Zmm tokens(kCompiledColumns + i);
      mov(kRow, ptr[kWeights + at]);
      at += kWeightBytes;
      vmovups(tokens, ptr[kRows + kRow.cvt64()]);
      if (part.index == 0) prefetcht1(of_next_row(kRow.cvt64()));
      for (int c = 0; c < part.columns(); ++c, at += kWeightBytes) {
        vfmadd231ps(Xbyak::Zmm(c), tokens, ptr_b[kWeights + at]);
      }
    }
    if (at > 0) add(kWeights, at);
  }

  const Xbyak::Reg32 kRow = kFree.cvt32(), kTurns = kAlsoFree.cvt32();
  const PanelTile& tile_;
};

/// All of the tile.
template <class Compiler>
TileProgram compile(const PanelTile& tile, const CodeUse& use, int64_t most_in_chunk) {
  Compiler compiler(tile, use);
  return compiler.compile(static_cast<int>(tile.columns.size()), compiler.items(), most_in_chunk);
}

}  // namespace

std::unique_ptr<PanelTiles> make_compiled_tiles(const PanelWeights& weights, const CodeUse& use) {
  return compile_tiles(weights, use, PanelRows::kF32, f32_isa_name(), [&](const PanelTile& tile) {
    return tile.has_own_rows() ? compile<OwnF32Compiler>(tile, use, kMostOwnRowsOfChunk)
                               : compile<SharedF32Compiler>(tile, use, kMostSharedRowsOfChunk);
  });
}

}  // namespace tvw::kernels::cpu
