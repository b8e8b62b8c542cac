/// @file Activations into panels and results out of them, whatever their type and layout.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Whether A's rows, M elements apart, are those of panels and need no packing: features of f32, a
/// block of which is whole vectors, maybe with some of the tokens before it.
[[nodiscard]] bool lie_in_a(const Problem& problem, std::span<const TokenBlock> blocks);

/// Elements from the results of a column to those of the next, in C or in `tokens` of a panel.
[[nodiscard]] int64_t results_stride(const Problem& problem, int64_t tokens);

/// Work on one block is cut into steps that threads may share: some features of all its tokens.
/// Only those of a token-major A are kVectorTokens tokens with all their features, so that each
/// token is gone through from its first feature to its last.
class PanelIo {
 public:
  /// @pre problem.dtype is f32, or bf16; others than kF32 are made of bf16 only
  PanelIo(const Problem& problem, PanelRows rows, int64_t tokens);

  [[nodiscard]] int64_t pack_steps() const;
  /// `A` as for Plan::run; `rows` [row_count][tokens] of 4 bytes.
  void pack(const TokenBlock& block, int64_t step, const void* A, void* rows) const;

  /// Results are made column by column, `tokens` each. Whether those of a block may be made as T
  /// (float, or uint16_t: bf16) where they belong, in C or in `results`; else elsewhere, in f32 for
  /// store().
  template <class T>
  [[nodiscard]] bool makes_in_place(const TokenBlock& block) const {
    if (bf16_ != std::is_same_v<T, uint16_t>) return false;
    return token_major_ || block.count % kVectorTokens == 0;  // room for whole vectors
  }
  /// Then: what place_of() counts from.
  template <class T, class Memory>
  [[nodiscard]] T* first_place(const TokenBlock& block, Memory* results, Memory* C) const {
    return token_major_ ? static_cast<T*>(results) : static_cast<T*>(C) + block.begin;
  }
  /// Elements from there to the first token of column `n`.
  [[nodiscard]] int64_t place_of(int64_t n) const { return n * results_stride_; }

  /// `sums` [places][tokens], of columns by their places.
  void store(const TokenBlock& block, std::span<const int64_t> places, const float* sums,
             void* results, void* C) const;

  /// For results that are added to C: what C holds into `sums`, or it is in place already.
  /// Before that, pack_results() brings a token-major C into `results`; it has as many steps as
  /// unpack().
  void pack_results(const TokenBlock& block, int64_t step, const void* C, void* results) const;
  void load(const TokenBlock& block, std::span<const int64_t> places, const void* results,
            const void* C, float* sums) const;

  /// `results` [N][tokens] of the problem's dtype are what unpack() puts into C; not used if there
  /// are no steps, for feature-major C.
  [[nodiscard]] int64_t unpack_steps() const;
  void unpack(const TokenBlock& block, int64_t step, const void* results, void* C) const;
  [[nodiscard]] int64_t results_bytes() const;

 private:
  void pack_tokens(const TokenBlock& block, int64_t m, const void* A, void* rows) const;
  void pack_halves(const TokenBlock& block, const uint16_t* A, uint32_t* rows) const;
  void pack_features(const TokenBlock& block, int64_t step, const void* A, void* rows) const;

  int64_t M_, K_, N_;
  bool token_major_;
  bool bf16_;  ///< A and C
  PanelRows rows_;
  int64_t tokens_;
  int64_t results_stride_;
};

}  // namespace tvw::kernels::cpu
