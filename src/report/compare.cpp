#include "tvw/report/compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "tvw/core/error.hpp"
#include "tvw/record/statistics.hpp"

namespace tvw::report {
namespace {

using record::BenchRow;
using record::RowStatus;

constexpr double kStandardErrors = 3.0;
constexpr double kLeastChange = 0.02;

std::map<RowKey, const BenchRow*> index_rows(const NamedRecord& named) {
  std::map<RowKey, const BenchRow*> rows;
  for (const BenchRow& row : named.record.rows) {
    if (!rows.emplace(key_of(row), &row).second) {
      throw Error(ErrorCode::kBadFile, named.source + ": the row of layer '" + row.layer + "', " +
                                           row.pattern + ", " + row.executor + ", " + row.cache +
                                           " is there twice, expected each once");
    }
  }
  return rows;
}

/// Standard error of a row's median, in microseconds.
double error_us(const BenchRow& row) {
  const double mad_us = row.mad_us.value_or(0.0);
  const auto relative = record::relative_error(*row.median_us, mad_us, row.samples_us.size());
  return relative ? *relative * *row.median_us : mad_us;
}

ComparedRow compare_rows(const RowKey& key, const BenchRow& base, const BenchRow& current) {
  ComparedRow row;
  row.key = key;
  row.base_us = *base.median_us;
  row.new_us = *current.median_us;
  row.ratio = row.base_us / row.new_us;
  row.noise = kStandardErrors * std::hypot(error_us(base), error_us(current)) / row.base_us;
  const double change = std::abs(row.base_us - row.new_us) / row.base_us;
  if (change > row.noise && change > kLeastChange) {
    row.verdict = row.new_us < row.base_us ? Verdict::kFaster : Verdict::kSlower;
  }
  return row;
}

void count(Comparison& comparison, Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      ++comparison.same;
      break;
    case Verdict::kFaster:
      ++comparison.faster;
      break;
    case Verdict::kSlower:
      ++comparison.slower;
      break;
  }
}

/// Why `rows` has no time to compare with that of `row`; empty if it has.
std::string why_alone(const std::map<RowKey, const BenchRow*>& rows, const BenchRow& row) {
  const auto found = rows.find(key_of(row));
  if (found == rows.end()) return "not in the run";
  const BenchRow& other = *found->second;
  if (other.status != RowStatus::kTimed) {
    return other.skipped_reason.empty() ? "skipped" : other.skipped_reason;
  }
  if (other.cold_by != row.cold_by) return "cold by another way: " + other.cold_by;
  return {};
}

}  // namespace

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      return "same";
    case Verdict::kFaster:
      return "faster";
    case Verdict::kSlower:
      return "slower";
  }
  return "same";
}

bool operator<(const RowKey& a, const RowKey& b) {
  const auto tied = [](const RowKey& key) {
    return std::tie(key.workload, key.layer, key.epilogue, key.pattern, key.executor, key.device,
                    key.dtype, key.layout, key.cache, key.M, key.N, key.K, key.target_sparsity);
  };
  return tied(a) < tied(b);
}

RowKey key_of(const BenchRow& row) {
  RowKey key{row.workload, row.layer,  row.epilogue, row.pattern, row.executor, row.device,
             row.dtype,    row.layout, row.cache,    row.M,       row.N,        row.K};
  key.target_sparsity = row.target_sparsity.value_or(-1.0);
  return key;
}

Comparison compare(const NamedRecord& base, const NamedRecord& current) {
  const auto base_rows = index_rows(base);
  const auto new_rows = index_rows(current);
  Comparison comparison;
  comparison.base = base.source;
  comparison.current = current.source;
  std::vector<double> ratios;
  for (const BenchRow& row : base.record.rows) {  // in the order of the base run
    if (row.status != RowStatus::kTimed) continue;
    const RowKey key = key_of(row);
    const std::string reason = why_alone(new_rows, row);
    if (!reason.empty()) {
      comparison.missing.push_back({key, true, reason});
      continue;
    }
    comparison.rows.push_back(compare_rows(key, row, *new_rows.at(key)));
    count(comparison, comparison.rows.back().verdict);
    ratios.push_back(comparison.rows.back().ratio);
  }
  for (const BenchRow& row : current.record.rows) {
    if (row.status != RowStatus::kTimed) continue;
    const std::string reason = why_alone(base_rows, row);
    if (!reason.empty()) comparison.missing.push_back({key_of(row), false, reason});
  }
  comparison.geomean_ratio = record::geometric_mean(ratios);
  return comparison;
}

}  // namespace tvw::report
