/// @file From bench records to the figures that matter: schema configs/schema/report.v1.json.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tvw/record/bench_record.hpp"

namespace tvw::report {

inline constexpr const char* kReportSchemaVersion = "1.3";

/// Speed-up over one baseline. Only layers where both sides were verified and timed count.
struct Speedup {
  std::optional<double> geomean;  ///< over layers, unweighted
  /// Sum of count * baseline time / sum of count * this time; the baseline's time is taken as this
  /// time * the layer's ratio, so that noise that both shared cancels here too.
  std::optional<double> weighted;
  std::optional<double> worst;  ///< smallest of the layers
  int64_t layers = 0;           ///< that entered
  int64_t slower_layers = 0;    ///< below 1
};

/// One layer of a summary: the fastest executor of the pattern against the fastest of each
/// baseline.
struct LayerLine {
  std::string layer;
  int64_t count = 1;
  int64_t M = 0;
  int64_t N = 0;
  int64_t K = 0;
  double sparsity = 0.0;  ///< achieved
  std::optional<double> kept_score;
  std::string executor;
  std::string dense_executor;
  std::optional<double> median_us;  ///< absent: see note
  std::optional<double> mad_us;
  std::optional<double> over_dense;
  std::optional<double> over_block;
  std::optional<double> over_unstructured;
  std::optional<double> fraction_of_roofline;
  std::string cold_by;  ///< as in BenchRow
  std::string note;     ///< why there is no time
};

/// One pattern at one target sparsity in one setting. The pattern "auto" takes the best per layer.
struct Summary {
  std::string source;  ///< the record it comes from
  std::string workload;
  std::string epilogue;  ///< as in BenchRow
  std::string pattern;
  std::optional<double> target_sparsity;
  std::string device;
  std::string dtype;
  std::string layout;  ///< "token", "feature"; "any" for auto
  std::string cache;
  int64_t M = 0;                        ///< 0 if the layers differ in M
  std::optional<double> mean_sparsity;  ///< achieved, weighted by K * N * count
  std::optional<double> mean_kept_score;
  std::optional<double> total_us;  ///< sum of count * median; absent if a layer is missing
  Speedup over_dense;
  Speedup over_block;
  Speedup over_unstructured;
  std::vector<LayerLine> layers;
};

/// From which sparsity on a layer is faster than dense, where several were measured.
struct BreakEven {
  std::string source, workload, layer, epilogue, pattern, device, dtype, layout, cache;
  int64_t M = 0;
  int64_t N = 0;
  int64_t K = 0;
  double measured_from = 0.0;  ///< lowest and highest achieved sparsity
  double measured_to = 0.0;
  /// Interpolated between two measurements; measured_from if it always wins, absent if it loses at
  /// measured_to.
  std::optional<double> wins_from;
};

struct Report {
  std::string schema_version = kReportSchemaVersion;
  std::vector<std::string> sources;               ///< one per record
  std::vector<record::Environment> environments;  ///< one per record
  std::vector<Summary> summaries;
  std::vector<BreakEven> break_evens;
  int64_t rows = 0;
  int64_t skipped_rows = 0;
  int64_t wrong_rows = 0;  ///< wrong results: in no figure
};

struct NamedRecord {
  std::string source;  ///< file name, for messages and the report
  record::BenchRecord record;
};

/// Rows of different records are never compared with each other.
[[nodiscard]] Report summarise(std::span<const NamedRecord> records);

enum class Format : uint8_t { kJson, kMarkdown, kCsv, kHtml };
/// "json", "md", "csv", "html".
/// @throws Error kUsage
[[nodiscard]] Format parse_format(std::string_view text);

[[nodiscard]] std::string render(const Report& report, Format format);

}  // namespace tvw::report
