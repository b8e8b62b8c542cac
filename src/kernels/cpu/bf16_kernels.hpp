/// @file The inner loops of the panel plan in bf16: vdpbf16ps adds the products of two pairs of
/// bf16 to a sum in f32, so rows are taken in pairs. AVX512_BF16 only: ask cpu_isa() first.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/column_sums.hpp"

namespace tvw::kernels::cpu {

/// Pairs of rows [pairs][stride], and what becomes of them.
struct PairRows {
  const uint32_t* data = nullptr;  ///< 64-byte aligned
  int64_t stride = 0;              ///< pairs from one row to the next
  ColumnSums to;
};

/// Columns that each multiply pairs of their own: column after column counts[c] entries, each
/// weights[i] times the pair at byte offset offsets[i].
struct OwnPairs {
  const uint32_t* weights = nullptr;
  const uint16_t* offsets = nullptr;
  const int32_t* counts = nullptr;
  int64_t columns = 0;
};

/// Columns that all multiply the first `pairs` pairs, [groups][pairs][kGroupColumns].
struct SharedPairs {
  const uint32_t* weights = nullptr;
  int64_t pairs = 0;
  int64_t groups = 0;
};

void multiply_own_pairs(const PairRows& rows, const OwnPairs& columns);
void multiply_shared_pairs(const PairRows& rows, const SharedPairs& columns);

/// `sums` [columns][stride], 64-byte aligned, to where `results` wants them.
void finish_sums(const float* sums, int64_t stride, int64_t columns, const ColumnSums& results);

/// Pairs that two rows of a quad can make: 01, 02, 03, 12, 13, 23.
inline constexpr int64_t kQuadPairs = 6;
[[nodiscard]] constexpr int64_t quad_pair(int64_t low, int64_t high) {
  return low == 0 ? high - 1 : low + high;
}

/// A panel of bf16 pairs (PanelRows::kBf16Pairs), 64-byte aligned.
struct PairPanel {
  const uint32_t* data = nullptr;
  int64_t stride = 0;  ///< pairs from one row to the next
  int64_t tokens = 0;  ///< that count, a multiple of kVectorTokens
};

/// The six pairs of every quad of features (-1: zeros), [quads * 6][stride].
/// `to` 64-byte aligned.
void gather_quad_pairs(const PairPanel& from, std::span<const int32_t> features, uint32_t* to);
/// Features two by two (-1: zeros), [features / 2][stride].
void gather_pairs(const PairPanel& from, std::span<const int32_t> features, uint32_t* to);

// Panels of kBf16Halves, one or two vectors of their tokens.

/// Vectors of pairs [pairs][kVectorTokens] of the first and of the other tokens, to rows of halves.
/// All 64-byte aligned.
void split_pairs(const uint32_t* first, const uint32_t* second, int64_t pairs, uint32_t* to);
/// Of one feature, `count` tokens as they come to half a row, 64-byte aligned.
void order_tokens(const uint16_t* from, int64_t count, uint16_t* to);
/// Features two by two (-1: zeros), [features / 2][kHalvesTokens] pairs; tokens are 16 or 32.
void gather_halves(const uint32_t* panel, int64_t tokens, std::span<const int32_t> features,
                   uint32_t* to);

}  // namespace tvw::kernels::cpu
