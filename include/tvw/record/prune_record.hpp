/// @file The result of `tvw prune --record`: schema configs/schema/prune_record.v1.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tvw/record/environment.hpp"

namespace tvw::record {

inline constexpr const char* kPruneSchemaVersion = "1.0";

/// One weight B[K, N] of the model, pruned or not.
struct PruneRow {
  std::string name;  ///< initializer
  std::string op;    ///< "MatMul", "Gemm", "Conv"
  int64_t K = 0;
  int64_t N = 0;
  std::string dtype;
  std::string pattern;                    ///< canonical spec; empty if skipped
  std::optional<double> target_sparsity;  ///< what the budget gave this weight
  double sparsity = 0.0;                  ///< achieved
  std::optional<double> kept_score;       ///< share of the sum of scores that is kept
  int64_t bytes_before = 0;               ///< as stored in the source
  int64_t bytes_after = 0;                ///< values, indices and ids; bytes_before if skipped
  std::string skipped_reason;             ///< empty if pruned
};

struct PruneTotals {
  int64_t weights = 0;  ///< elements
  int64_t kept_weights = 0;
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
  double sparsity = 0.0;                  ///< 1 - kept / weights
  std::optional<double> mean_kept_score;  ///< unweighted mean over pruned weights
};

struct PruneRecord {
  std::string schema_version = kPruneSchemaVersion;
  Environment environment;
  std::vector<std::string> argv;
  std::string source;  ///< path of the input model
  std::vector<std::string> outputs;
  std::string pattern;           ///< canonical spec; those of given masks, with commas
  std::string scope;             ///< "global", "uniform", or "given": by masks
  std::string score;             ///< "magnitude", ...
  double target_sparsity = 0.0;  ///< of given masks what they have
  double seconds = 0.0;          ///< wall clock of pruning and packing
  std::vector<PruneRow> rows;
  PruneTotals pruned;  ///< the pruned weights alone
  PruneTotals model;   ///< every initializer of the model
};

}  // namespace tvw::record
