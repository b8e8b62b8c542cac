#include "bench/rows.hpp"

#include <utility>

#include "tvw/core/error.hpp"
#include "tvw/record/statistics.hpp"

namespace tvw::bench {

using record::BenchRow;
using record::RowRole;
using record::RowStatus;

BenchRow describe(const ResolvedRequest& resolved, const Job& job, const Contestant& contestant,
                  const kernels::Device& device, uint64_t seed) {
  const Variant& variant = *contestant.variant;
  BenchRow row;
  row.workload = resolved.workload;
  row.layer = job.layer;
  row.count = job.count;
  row.M = job.shape.M;
  row.N = job.shape.N;
  row.K = job.shape.K;
  row.epilogue = kernels::name(contestant.problem.epilogue);
  row.role = variant.role;
  row.pattern = variant.pattern;
  row.format = pack::format_name(variant.weights);
  row.target_sparsity = variant.target_sparsity;
  row.sparsity = variant.sparsity;
  row.kept_score = variant.kept_score;
  row.seed = seed;
  if (contestant.executor != nullptr) row.executor = contestant.executor->name();
  row.device = device.id();
  row.dtype = name(contestant.problem.dtype);
  row.layout = kernels::name(contestant.problem.layout);
  row.skipped_reason = contestant.support.reason;
  row.weight_bytes = pack::size_bytes(variant.weights);
  return row;
}

void add_plan(BenchRow& row, const kernels::Plan& plan) {
  row.kernel = plan.kernel_name();
  row.isa = plan.isa();
  row.weight_bytes = plan.weight_bytes();
}

void add_verdict(BenchRow& row, const kernels::Problem& problem, const Verdict& verdict) {
  row.verified = verdict.ok;
  row.max_rel_error = verdict.error.max_rel_error;
  row.tolerance = kernels::tolerance(problem.shape().K, problem.dtype);
  row.checked_outputs = verdict.error.checked;
  if (!verdict.ok) add_failure(row, verdict.reason);
}

void add_failure(BenchRow& row, std::string reason) {
  row.verified = false;
  row.status = RowStatus::kWrong;
  row.skipped_reason = std::move(reason);
}

void add_times(BenchRow& row, const Timed& timed, const kernels::Plan& plan) {
  row.status = RowStatus::kTimed;
  row.skipped_reason.clear();
  row.repeats = timed.repeats;
  row.samples_us = timed.samples_us;
  row.median_us = record::median(timed.samples_us);
  row.mad_us = record::median_absolute_deviation(timed.samples_us);
  if (!row.median_us) return;
  const GemmShape shape{row.M, row.N, row.K};
  row.effective_gflops = shape.dense_flops() / *row.median_us * 1e-3;
  row.actual_gflops = plan.actual_flops() / *row.median_us * 1e-3;
}

void add_roofline(BenchRow& row, const Peaks& peaks) {
  if (row.status != RowStatus::kTimed) return;
  const int64_t activation_bytes =
      (row.M * row.K + row.M * row.N) * size_bytes(parse_dtype(row.dtype));
  row.roofline_us =
      roofline_us(peaks, *row.actual_gflops * *row.median_us * 1e3,
                  row.weight_bytes + activation_bytes, row.cache == name(CacheState::kHot));
  row.fraction_of_roofline = *row.roofline_us / *row.median_us;
}

void add_speedups(std::span<BenchRow> rows) {
  const BenchRow* best = nullptr;
  for (const BenchRow& row : rows) {
    if (row.role != RowRole::kDense || row.status != RowStatus::kTimed) continue;
    if (best == nullptr || *row.median_us < *best->median_us) best = &row;
  }
  if (best == nullptr) return;
  for (BenchRow& row : rows) {
    if (row.status != RowStatus::kTimed) continue;
    row.speedup_vs_dense = record::paired_ratio(best->samples_us, row.samples_us);
    row.dense_executor = best->executor;
    row.dense_layout = best->layout;
  }
}

}  // namespace tvw::bench
