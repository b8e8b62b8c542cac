/// @file How many of a problem's tokens go by rows, and how many in panels.
#pragma once

#include <cstdint>

namespace tvw::kernels::cpu {

/// Numbers and not measurements, and of M alone, so that a problem's results have the same bits
/// however often and by however many threads it runs.
struct RowLimits {
  /// From so many tokens on, a panel pays for bringing the activations into it.
  int64_t panels_from = 0;
  /// Below that, tokens that rows take no longer for than a panel for one of its vectors; 0: any.
  int64_t tokens_per_vector = 0;
  /// Panels are whole vectors: up to so many tokens that are left cost rows less ...
  int64_t most_left = 0;
  /// ... of up to so many in all: of more it is too small a part to have the weights in two orders.
  int64_t most_joined = 0;
};

/// Columns that share rows, compiled or not: by rows they take almost the time of panels.
inline constexpr RowLimits kSharedRowLimits{25, 0, 8, 512};
/// Columns that each multiply rows of their own: every product in a panel has to load its row.
inline constexpr RowLimits kOwnRowLimits{25, 0, 8, 1024};
/// Panels of bf16 multiply twice as much at a time, rows do not.
inline constexpr RowLimits kSharedBf16RowLimits{25, 10, 8, 512};
inline constexpr RowLimits kOwnBf16RowLimits{49, 13, 8, 1024};
/// Panels of bf16 by code made for the weights, or by AMX, which reads half of the bytes that rows
/// do: no rows.
inline constexpr RowLimits kNoRowLimits{0, 0, 0, 0};

/// Of M tokens, the last ones that go by rows: all, some or none. `together`: those are a problem
/// of their own, as tokens lie one after the other.
[[nodiscard]] int64_t tokens_by_rows(int64_t M, bool together, const RowLimits& limits);

}  // namespace tvw::kernels::cpu
