// Panels of bf16 pairs times columns with pairs of their own, by code made for just these weights.
//
// vdpbf16ps takes two rows of a column at once, whose tokens lie side by side in one vector. A
// panel has features 2k and 2k + 1 so; the six pairs of a quad, whose rows may be any, are put
// together in registers: a row's halves are swapped if they have to be, and every other bf16 is
// taken from the second row. Which half of a word a row ends in is the weights' business.
#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/bf16_kernels.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "kernels/cpu/tile_compiler.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Of a chunk: 16 tokens of their rows take 16 KiB at most.
constexpr int64_t kMostQuadsOfChunk = 64;
constexpr int kPairRegister = 31;  // renaming makes it many
/// That hold all rows of a quad, and one of them with its halves swapped.
constexpr size_t kQuadRegisters = kQuadRows + 1;

/// Two features that columns of a tile multiply; -1 for none.
struct SharedPair {
  int64_t first = 0, second = 0;
  std::vector<Product> products;  ///< columns ascending; the lower half is the first feature's
};

struct SharedQuad {
  std::array<SharedPair, kQuadPairs> pairs;
};

std::vector<SharedQuad> by_quads(const PairTile& tile, int64_t stride) {
  std::vector<SharedQuad> quads(tile.features.size() / kQuadRows);
  for (size_t q = 0; q < quads.size(); ++q) {
    const int32_t* features = tile.features.data() + q * kQuadRows;
    for (int64_t low = 0; low < kQuadRows; ++low) {
      for (int64_t high = low + 1; high < kQuadRows; ++high) {
        SharedPair& pair = quads[q].pairs[static_cast<size_t>(quad_pair(low, high))];
        pair.first = features[low];
        pair.second = features[high];
      }
    }
  }
  const auto columns = std::ssize(tile.columns);
  size_t entry = 0;
  for (std::ptrdiff_t run = 0; run < std::ssize(tile.counts); ++run) {
    const int column = static_cast<int>(run % columns);
    const int64_t first_pair = run / columns * kChunkQuads * kQuadPairs;
    for (int32_t i = 0; i < tile.counts[static_cast<size_t>(run)]; ++i, ++entry) {
      const auto pair = static_cast<size_t>(first_pair + pair_at(tile.offsets[entry], stride));
      quads[pair / kQuadPairs].pairs[pair % kQuadPairs].products.push_back(
          {column, tile.weights[entry]});
    }
  }
  return quads;
}

/// What a register holds.
struct HeldRow {
  int64_t id = -1;      ///< in the panel
  bool turned = false;  ///< halves swapped
  int64_t last_use = 0;
};

/// Items are quads.
class Bf16Compiler final : public OwnRowsCompiler {
 public:
  Bf16Compiler(const PairTile& tile, const CodeUse& use)
      : OwnRowsCompiler(use, tile.columns), quads_(by_quads(tile, use.rows_stride)) {}

  [[nodiscard]] int64_t items() const { return std::ssize(quads_); }

 private:
  void begin_chunk(Range items) override {
    OwnRowsCompiler::begin_chunk(items);
    constexpr uint32_t kLowerHalves = 0x55555555;
    mov(kFree.cvt32(), kLowerHalves);
    kmovd(kLowerFromSecond, kFree.cvt32());
    knotd(kUpperFromSecond, kLowerFromSecond);
  }
  void begin_part(int columns) override {
    first_held_ = columns;
    held_.assign(static_cast<size_t>(kPairRegister - columns), {});
  }

  void multiply_item(int64_t i, int first, int last) override {
    for (const SharedPair& pair : quads_[static_cast<size_t>(i)].pairs) {
      const std::span<const Product> products = products_of(pair.products, first, last);
      if (products.empty()) continue;
      const Operand operand = make_pair(pair);
      for (const Product& product : products) {
        vdpbf16ps(Xbyak::Zmm(product.column - first), operand.pair,
                  next_weight(operand.swapped ? std::rotl(product.weight, 16) : product.weight));
      }
    }
  }

  struct Operand {
    Xbyak::Zmm pair;
    bool swapped;  ///< the first feature is in the upper halves
  };

  Operand make_pair(const SharedPair& pair) {
    // The weights for a feature that is not there are zero, whatever they are multiplied by.
    const int64_t first = pair.first < 0 ? pair.second : pair.first;
    const int64_t second = pair.second < 0 ? pair.first : pair.second;
    const bool first_is_upper = first % 2 != 0, second_is_upper = second % 2 != 0;
    if (first / 2 == second / 2) {
      return {load(first / 2), pair.first < 0 ? !second_is_upper : first_is_upper};
    }
    const bool turns = first_is_upper == second_is_upper;
    const Xbyak::Zmm from = turns ? turn(first / 2) : load(first / 2);
    const Xbyak::Zmm both(kPairRegister);
    const Xbyak::Zmm masked = both | (second_is_upper ? kUpperFromSecond : kLowerFromSecond);
    if (held_.size() >= kQuadRegisters) {
      vpblendmw(masked, from, load(second / 2));
    } else {
      vpblendmw(masked, from, row(second / 2));
    }
    return {both, !second_is_upper};
  }

  auto find(int64_t id, bool turned) {
    return std::ranges::find_if(
        held_, [&](const HeldRow& row) { return row.id == id && row.turned == turned; });
  }
  /// The register of `at`, which is in use now.
  Xbyak::Zmm use(std::vector<HeldRow>::iterator at) {
    at->last_use = ++uses_;
    return Xbyak::Zmm(first_held_ + static_cast<int>(at - held_.begin()));
  }
  /// The register that has been used least recently, for this row.
  Xbyak::Zmm replace(int64_t id, bool turned) {
    const auto at = std::ranges::min_element(held_, {}, &HeldRow::last_use);
    *at = {id, turned, 0};
    return use(at);
  }
  Xbyak::Zmm load(int64_t id) {
    if (const auto at = find(id, false); at != held_.end()) return use(at);
    const Xbyak::Zmm to = replace(id, false);
    vmovups(to, row(id));
    return to;
  }
  /// With its halves swapped.
  Xbyak::Zmm turn(int64_t id) {
    if (const auto at = find(id, true); at != held_.end()) return use(at);
    if (const auto at = find(id, false); at != held_.end()) {
      const Xbyak::Zmm from = use(at);
      const Xbyak::Zmm to = replace(id, true);
      vprold(to, from, 16);
      return to;
    }
    const Xbyak::Zmm to = replace(id, true);
    vprold(to, row(id), 16);
    return to;
  }

  void end_part(Part part) override {
    const int first = part.first, last = part.last;
    Xbyak::Label keep, end;
    test(kRounded, kRounded);
    jz(keep, T_NEAR);
    for (int c = first; c < last; ++c) {
      const int64_t offset = results_offset(c) * int64_t{sizeof(uint16_t)};
      vcvtneps2bf16(Xbyak::Ymm(c - first), Xbyak::Zmm(c - first));
      vmovups(ptr[kRounded + static_cast<int>(offset)], Xbyak::Ymm(c - first));
    }
    jmp(end, T_NEAR);
    L(keep);
    store_sums(part);
    L(end);
  }

  void add_rows(int64_t i, std::vector<int64_t>& rows) const override {
    for (const SharedPair& pair : quads_[static_cast<size_t>(i)].pairs) {
      for (const int64_t feature : {pair.first, pair.second}) {
        if (feature >= 0) rows.push_back(feature / 2);
      }
    }
  }

  const Xbyak::Opmask kLowerFromSecond = k1, kUpperFromSecond = k2;
  std::vector<SharedQuad> quads_;
  /// In the registers that sums and pairs leave, from register first_held_ on.
  std::vector<HeldRow> held_;
  int first_held_ = 0;
  int64_t uses_ = 0;
};

}  // namespace

std::unique_ptr<PanelTiles> make_compiled_tiles(const PairWeights& weights, const CodeUse& use) {
  return compile_tiles(weights, use, PanelRows::kBf16Pairs, name(CpuIsa::kAvx512Bf16),
                       [&](const PairTile& tile) {
                         Bf16Compiler compiler(tile, use);
                         return compiler.compile(static_cast<int>(tile.columns.size()),
                                                 compiler.items(), kMostQuadsOfChunk);
                       });
}

}  // namespace tvw::kernels::cpu
