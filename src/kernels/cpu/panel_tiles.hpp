/// @file Tiles of weights as the panel plan sees them, whatever they are computed in.
///
/// A *panel* holds a block of tokens of the activations, feature by feature: row k is the tokens'
/// values of feature k. A kept row of a tile is so a contiguous run, and every product is one
/// multiplication of a run by a broadcast weight.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "kernels/cpu/amx_weights.hpp"
#include "kernels/cpu/column_sums.hpp"
#include "kernels/cpu/pair_weights.hpp"
#include "kernels/cpu/panel_weights.hpp"

namespace tvw::kernels::cpu {

/// What a row of a panel holds, in 4 bytes a token.
enum class PanelRows : uint8_t {
  kF32,        ///< row k: feature k
  kBf16Pairs,  ///< row k: features 2k (in the low half) and 2k + 1
  /// Row k: of kHalvesTokens tokens feature 2k, then 2k + 1, each in the order in which
  /// interleaving it with another makes whole vectors of pairs: tokens 0 to 3, 16 to 19, 4 to 7, 20
  /// to 23, ...
  kBf16Halves,
};

/// Rows that so many features take.
[[nodiscard]] constexpr int64_t row_count(PanelRows rows, int64_t features) {
  return rows == PanelRows::kF32 ? features : (features + 1) / 2;
}

inline constexpr int64_t kMostTileColumns = 256;

/// One panel times one tile.
struct PanelTask {
  const void* rows = nullptr;  ///< [rows][stride] of 4 bytes
  int64_t stride = 0;          ///< elements from one row to the next
  ColumnSums to;
};

class PanelTiles {
 public:
  virtual ~PanelTiles() = default;
  PanelTiles(const PanelTiles&) = delete;
  PanelTiles& operator=(const PanelTiles&) = delete;

  [[nodiscard]] virtual PanelRows rows() const = 0;
  [[nodiscard]] virtual int64_t count() const = 0;
  /// Ids in B, at most kMostTileColumns; every column of B is in one tile.
  [[nodiscard]] virtual std::span<const int32_t> columns(int64_t tile) const = 0;
  /// Whether rows may be so many elements apart: those of A are then no panels first.
  [[nodiscard]] virtual bool takes_stride(int64_t /*stride*/) const { return false; }
  /// Whether ColumnSums may have a lead and a tail.
  [[nodiscard]] virtual bool leaves_out_tokens() const { return false; }
  /// Panels are best multiplied by one tile after the other, many at a time, or as one of any
  /// number of tokens: weights then stay in a cache of the core's own. Else each tile takes one
  /// panel, of kMostTokens at most.
  [[nodiscard]] virtual bool wants_many_panels() const { return false; }
  /// A tile times each of `panels`.
  virtual void multiply(int64_t tile, std::span<const PanelTask> panels) const = 0;
  [[nodiscard]] virtual int64_t size_bytes() const = 0;
  [[nodiscard]] virtual double products() const = 0;  ///< per token
  [[nodiscard]] virtual std::string isa() const = 0;
  /// As a kernel's name has it.
  [[nodiscard]] virtual std::string way() const { return "panel"; }

 protected:
  PanelTiles() = default;
};

[[nodiscard]] std::unique_ptr<PanelTiles> make_f32_tiles(PanelWeights weights);

/// Whether make_compiled_tiles() can: x86 with AVX-512 in use, on a system that lets programs make
/// code.
[[nodiscard]] bool compiles_tiles();
/// What code is made for, beside weights.
struct CodeUse {
  int64_t rows_stride = 0;     ///< elements from one row of a panel to the next
  int64_t results_stride = 0;  ///< from the results of a column of B to those of the next
  /// Sums are made where results are, in f32; else they lie in the order of the tile, as far apart
  /// as rows.
  bool sums_in_results = false;
  bool from_zero = false;  ///< ColumnSums::start holds nothing else
  bool leaves_out_tokens = false;
};
/// Bytes from the first row of a panel or result of a column to the last that code reaches.
inline constexpr int64_t kCodeReach = int64_t{1} << 31;

/// Code for just these weights. REQUIRES: compiles_tiles(), and all of kCodeReach
/// @throws Error kUnsupported no memory for it
[[nodiscard]] std::unique_ptr<PanelTiles> make_compiled_tiles(const PanelWeights& weights,
                                                              const CodeUse& use);
/// The same; rows_stride is what the weights were made for. REQUIRES: cpu_isa() kAvx512Bf16 or
/// better
[[nodiscard]] std::unique_ptr<PanelTiles> make_compiled_tiles(const PairWeights& weights,
                                                              const CodeUse& use);

/// Takes vdpbf16ps: REQUIRES cpu_isa() kAvx512Bf16 or better.
[[nodiscard]] std::unique_ptr<PanelTiles> make_bf16_tiles(PairWeights weights);

/// REQUIRES: cpu_isa() kAmxBf16
[[nodiscard]] std::unique_ptr<PanelTiles> make_amx_tiles(AmxWeights weights);

}  // namespace tvw::kernels::cpu
