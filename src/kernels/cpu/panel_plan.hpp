/// @file The executors' common plan for many tokens: panels of tokens times tiles of columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/panel_weights.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Tokens of one panel.
struct TokenBlock {
  int64_t begin = 0;
  int64_t count = 0;
};

/// How the tokens of a problem become panels.
struct PanelSplit {
  std::vector<TokenBlock> blocks;
  int64_t tokens = 0;  ///< that a panel has room for, a multiple of kVectorTokens
  int64_t stride =
      0;  ///< floats from one row to the next: of a panel, or of A where it is read itself
  /// Feature-major activations whose rows are whole vectors are their own panels, where rows are
  /// gathered; left where they are, M floats apart, they would meet in few sets of the L1 cache.
  bool in_place = false;
  /// Each thread takes whole panels; else all threads share one after the other.
  bool whole = false;
};

/// What suits the problem on so many threads. `own_rows`: columns multiply rows of their own, which
/// want panels wide, for fewer broadcasts of weights.
[[nodiscard]] PanelSplit split_tokens(const Problem& problem, int threads, bool own_rows);

/// `weights` are made for split.stride.
[[nodiscard]] std::unique_ptr<Plan> make_panel_plan(const Problem& problem, PanelSplit split,
                                                    PanelWeights weights, std::string kernel);

}  // namespace tvw::kernels::cpu
