/// @file Did anything get faster or slower? Two runs, row by row: schema
/// configs/schema/compare.v1.json.
///
/// Rule: rows match by workload, layer, M, N, K, epilogue, pattern, target sparsity, executor,
/// device, dtype, layout and cache, and by how cold was made. The ratio is base median / new median
/// (above 1: faster). A row is "same" unless the medians differ by more than 3 standard errors,
/// sqrt(e_base^2 + e_new^2) with e = 1.858 * MAD / sqrt(n) (the error of a median,
/// record::relative_error), and by more than 2 % of the base median. Rows with fewer than 5 samples
/// on a side take their whole MAD as e.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tvw/record/bench_record.hpp"
#include "tvw/report/report.hpp"

namespace tvw::report {

inline constexpr const char* kCompareSchemaVersion = "1.1";

enum class Verdict : uint8_t { kSame, kFaster, kSlower };
[[nodiscard]] std::string_view name(Verdict verdict);  ///< "same", "faster", "slower"

/// What tells rows apart.
struct RowKey {
  std::string workload, layer, epilogue, pattern, executor, device, dtype, layout, cache;
  int64_t M = 0;
  int64_t N = 0;
  int64_t K = 0;
  double target_sparsity = -1.0;  ///< -1: none
  friend bool operator==(const RowKey&, const RowKey&) = default;
  friend bool operator<(const RowKey& a, const RowKey& b);
};
[[nodiscard]] RowKey key_of(const record::BenchRow& row);

struct ComparedRow {
  RowKey key;
  Verdict verdict = Verdict::kSame;
  double ratio = 1.0;  ///< base / new
  double base_us = 0.0;
  double new_us = 0.0;
  double noise = 0.0;  ///< 3 standard errors, relative to the base median
};

/// A row that has a time on one side only, or times that mean different things.
struct MissingRow {
  RowKey key;
  bool in_base = false;  ///< timed in base, not in new
  std::string reason;    ///< the other side's skipped_reason, "not in the run", or how it differs
};

struct Comparison {
  std::string base;
  std::string current;
  std::vector<ComparedRow> rows;
  std::vector<MissingRow> missing;
  int64_t same = 0;
  int64_t faster = 0;
  int64_t slower = 0;
  std::optional<double> geomean_ratio;  ///< absent if nothing matched
};

/// @throws Error kBadFile a run holds the same row twice
[[nodiscard]] Comparison compare(const NamedRecord& base, const NamedRecord& current);

/// @throws Error kUsage html, which comparisons do not have
[[nodiscard]] std::string render(const Comparison& comparison, Format format);

}  // namespace tvw::report
