/// @file How the tokens of a problem become panels.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/parts.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Tokens of the widest vector; panels are padded to a multiple.
inline constexpr int64_t kVectorTokens = 16;
inline constexpr int64_t kMostVectors = 4;  ///< of a panel
inline constexpr int64_t kMostTokens = kMostVectors * kVectorTokens;
/// Of a panel for AMX: two registers of 16 by two of weights.
inline constexpr int64_t kHalvesTokens = 2 * kVectorTokens;

/// Tokens of one panel.
struct TokenBlock {
  int64_t begin = 0;
  int64_t count = 0;

  [[nodiscard]] int64_t end() const { return begin + count; }
  /// Tokens before the first that make whole vectors of them.
  [[nodiscard]] int64_t lead() const { return round_up(count, kVectorTokens) - count; }
};

/// What threads take up.
enum class PanelWork : uint8_t {
  kPanels,  ///< whole panels, from A to C
  kSteps,   ///< parts of one step after the other: making panels, multiplying, taking them apart
  /// Tiles. Each thread makes all panels for itself, which takes less time than to read from
  /// another's cache what that has just written.
  kTiles,
};

struct PanelSplit {
  std::vector<TokenBlock> blocks;
  int64_t tokens = 0;  ///< that a panel has room for, a multiple of kVectorTokens
  PanelWork work = PanelWork::kPanels;
  int64_t together = 1;  ///< whole panels that a thread takes up
};

/// All ways worth trying: panels of one to four vectors, and what threads take up.
[[nodiscard]] std::vector<PanelSplit> ways_to_split(int64_t M);

/// What panels of a kind cost, in multiplications of a weight by a vector.
struct PanelCosts {
  double narrow = 1.0;     ///< a vector of a panel that has no other
  double per_panel = 0.0;  ///< beside its vectors
  /// Threads that go step by step wait for each other, and read from each other's caches.
  double steps = 1.6;
  double by_tiles = 1.05;  ///< at the end some threads wait for the last
  double making = 0.0;     ///< a vector of a panel, from A
  int64_t tiles = 1;       ///< of columns, at least
  int64_t most_vectors = kMostVectors;
};
/// Columns that multiply rows of their own: a weight's broadcast and place are most of the work, so
/// panels want to be wide.
inline constexpr PanelCosts kOwnRowsCosts{1.0, 0.6};
/// And of a panel on AVX2, which has registers for sums of no more.
inline constexpr int64_t kMostAvx2Vectors = 3;
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
/// What bringing one feature of a vector of tokens into a panel costs, in the same.
inline constexpr double kMakingProducts = 8;

/// What suits the problem on so many threads.
[[nodiscard]] PanelSplit split_tokens(int64_t M, int threads, const PanelCosts& costs);

/// How many times the panels that would be a thread's share the one with most of them has.
[[nodiscard]] double unevenness(int64_t panels, int threads);
/// Up to which no thread has many more than others.
inline constexpr double kEven = 1.1;

/// Panels of a vector that a thread goes through code with, at a time.
inline constexpr int64_t kMostTogether = 16;
/// Vectors of tokens that threads may all make panels of.
inline constexpr int64_t kMostCopiedVectors = 8;
[[nodiscard]] constexpr int64_t vectors_of(int64_t M) { return parts_of(M, kVectorTokens); }

/// For code made for the weights, which takes a vector of tokens at a time: narrow panels. `whole`:
/// each thread goes through all code with a few of them that, with what becomes of them, stay in a
/// cache of its own. Else, or if there are few and threads have not as many, all panels are
/// multiplied by a tile's code before the next is read.
[[nodiscard]] PanelSplit split_for_code(int64_t M, int threads, bool whole);

/// For AMX, in panels of kHalvesTokens; the best first, by a model. A thread that has whole panels
/// goes through the weights with as many as a cache of its own holds.
[[nodiscard]] std::vector<PanelSplit> ways_for_amx(int64_t M, int64_t K, int threads);

}  // namespace tvw::kernels::cpu
