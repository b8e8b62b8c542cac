/// @file Small records to report on.
#pragma once

#include <string>
#include <vector>

#include "tvw/record/statistics.hpp"
#include "tvw/report/report.hpp"

namespace tvw::test {

/// A timed row whose samples are around `median_us`; the baselines' roles follow from the format.
inline record::BenchRow timed(const std::string& layer, const std::string& format, double median_us,
                              const std::string& cache = "hot", int64_t M = 512) {
  record::BenchRow row;
  row.workload = "toy";
  row.layer = layer;
  row.count = 2;
  row.M = M;
  row.N = 64;
  row.K = 32;
  row.format = format;
  row.pattern = format == "csr" ? "ew" : format == "block-ell" ? "block:b=32" : format;
  row.role = format == "dense"                          ? record::RowRole::kDense
             : format == "csr" || format == "block-ell" ? record::RowRole::kBaseline
                                                        : record::RowRole::kSubject;
  if (format != "dense") {
    row.target_sparsity = 0.75;
    row.sparsity = 0.75;
    row.kept_score = 0.5;
  }
  row.executor = "cpu." + format + ".test";
  row.device = "cpu";
  row.dtype = "f32";
  row.layout = "token";
  row.cache = cache;
  row.status = record::RowStatus::kTimed;
  row.verified = true;
  row.samples_us = {median_us * 0.99, median_us, median_us, median_us, median_us * 1.01, median_us};
  row.median_us = record::median(row.samples_us);
  row.mad_us = record::median_absolute_deviation(row.samples_us);
  row.repeats = 1;
  return row;
}

inline record::BenchRow without_time(record::BenchRow row, record::RowStatus status,
                                     const std::string& reason) {
  row.status = status;
  row.skipped_reason = reason;
  row.verified = false;
  row.median_us.reset();
  row.mad_us.reset();
  row.samples_us.clear();
  row.repeats = 0;
  return row;
}

inline report::NamedRecord named(std::vector<record::BenchRow> rows,
                                 const std::string& source = "run.json") {
  report::NamedRecord result;
  result.source = source;
  result.record.environment = record::collect_environment();
  result.record.rows = std::move(rows);
  return result;
}

}  // namespace tvw::test
