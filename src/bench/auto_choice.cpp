#include "bench/auto_choice.hpp"

#include <algorithm>

namespace tvw::bench {

using record::AutoChoice;
using record::BenchRow;
using record::RowRole;
using record::RowStatus;

std::vector<AutoChoice> choose_best(std::span<const BenchRow> rows) {
  std::vector<std::optional<double>> targets;
  for (const BenchRow& row : rows) {
    if (row.role == RowRole::kSubject &&
        std::ranges::find(targets, row.target_sparsity) == targets.end()) {
      targets.push_back(row.target_sparsity);
    }
  }
  std::vector<AutoChoice> choices;
  for (const std::optional<double>& target : targets) {
    const BenchRow* best = nullptr;
    for (const BenchRow& row : rows) {
      const bool stands = row.role == RowRole::kDense ||
                          (row.role == RowRole::kSubject && row.target_sparsity == target);
      if (!stands || row.status != RowStatus::kTimed) continue;
      if (best == nullptr || *row.median_us < *best->median_us) best = &row;
    }
    if (best == nullptr) continue;
    choices.push_back({best->workload, best->layer, best->count, best->M, best->cache, target,
                       best->pattern, best->executor, best->layout, *best->median_us,
                       best->speedup_vs_dense.value_or(1.0)});
  }
  return choices;
}

}  // namespace tvw::bench
