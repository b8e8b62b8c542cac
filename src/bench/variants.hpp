/// @file The weights of one layer in every form that is to be run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tvw/bench/request.hpp"
#include "tvw/record/bench_record.hpp"

namespace tvw::bench {

struct Variant {
  record::RowRole role = record::RowRole::kSubject;
  std::string pattern;                    ///< canonical spec, or "dense"
  std::optional<double> target_sparsity;  ///< as in BenchRow; groups subjects with their baselines
  pack::PackedWeights weights;
  double sparsity = 0.0;
  std::optional<double> kept_score;  ///< only where the layer's own dense weights are known
};

/// Dense first, then subjects, then the baselines at each sparsity that a subject reaches.
/// `layer`: its name, for messages.
/// @throws Error kUsage a pattern cannot have the sparsity
/// @throws Error kNonFinite the dense weights hold NaN or Inf
[[nodiscard]] std::vector<Variant> make_variants(const BenchRequest& request,
                                                 const std::string& layer, LayerWeights weights);

}  // namespace tvw::bench
