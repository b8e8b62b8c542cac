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
  /// Each thread takes whole panels; else all threads share one after the other.
  bool whole = false;
};

/// All ways worth trying: panels of one to four vectors, of threads that share them or do not.
[[nodiscard]] std::vector<PanelSplit> ways_to_split(int64_t M);

/// What suits the problem on so many threads. `own_rows`: columns multiply rows of their own, which
/// want panels wide, for fewer broadcasts of weights.
[[nodiscard]] PanelSplit split_tokens(int64_t M, int threads, bool own_rows);

}  // namespace tvw::kernels::cpu
