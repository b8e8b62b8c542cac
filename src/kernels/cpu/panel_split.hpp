/// @file How the tokens of a problem become panels.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Tokens of the widest vector; panels are padded to a multiple.
inline constexpr int64_t kVectorTokens = 16;
inline constexpr int64_t kMostTokens = 64;  ///< of a panel: 4 vectors of AVX-512

/// Tokens of one panel.
struct TokenBlock {
  int64_t begin = 0;
  int64_t count = 0;
};

struct PanelSplit {
  std::vector<TokenBlock> blocks;
  int64_t tokens = 0;  ///< that a panel has room for, a multiple of kVectorTokens
  /// Each thread takes whole panels, so many at a time; else all threads share them.
  bool whole = false;
  int64_t together = 1;
};

/// All ways worth trying: panels of one to four vectors, of threads that share them or do not.
[[nodiscard]] std::vector<PanelSplit> ways_to_split(int64_t M);

/// What panels of a kind cost, in multiplications of a weight by a vector.
struct PanelCosts {
  double narrow = 1.0;     ///< a vector of a panel that has no other
  double per_panel = 0.0;  ///< beside its vectors
  /// Threads that share panels wait for each other, and read from each other's caches.
  double shared = 1.6;
};
/// Columns that multiply rows of their own: a weight's broadcast and place are most of the work, so
/// panels want to be wide.
inline constexpr PanelCosts kOwnRowsCosts{1.0, 1.25};
/// Columns that share rows.
inline constexpr PanelCosts kSharedRowsCosts{1.0, 0.15};
/// The same in f32, and the weights stay in the last-level cache, so that reading them again and
/// again costs little.
inline constexpr PanelCosts kCachedWeightsCosts{0.97, 0.02};
/// And only narrow panels stay in a cache of the core's own.
inline constexpr PanelCosts kNarrowPanelCosts{0.88, 0.02};
/// Rows of wide panels that do, too: half of 1 MiB.
inline constexpr int64_t kMostCachedRows = (512 << 10) / (kMostTokens * int64_t{sizeof(float)});
/// What a panel costs however little it is multiplied by, in products of a weight and a vector.
inline constexpr double kPanelProducts = 4096;

/// What suits the problem on so many threads.
[[nodiscard]] PanelSplit split_tokens(int64_t M, int threads, const PanelCosts& costs);

/// For code made for the weights, which takes a vector of tokens at a time: narrow panels. If a
/// last-level cache holds it, each thread goes through it with a few of them that, with what
/// becomes of them, stay in a cache of its own. Else, or if there is no panel for every thread, all
/// panels are multiplied by a tile's code before the next is read.
[[nodiscard]] PanelSplit split_for_code(int64_t M, int threads, bool cached);

}  // namespace tvw::kernels::cpu
