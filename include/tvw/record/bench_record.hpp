/// @file The result of `tvw bench`: run.json, schema configs/schema/bench_record.v1.json.
///
/// Times are microseconds. A value that is absent was not measured; it is never a made-up 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tvw/record/environment.hpp"

namespace tvw::record {

/// "major.minor". Readers take any minor of a major they know and refuse other majors.
inline constexpr const char* kBenchSchemaVersion = "1.2";

/// Why a row is in the record.
enum class RowRole : uint8_t {
  kDense,     ///< dense baseline
  kBaseline,  ///< another sparsity at its own best executor, to compare with
  kSubject,   ///< what was asked about
};

enum class RowStatus : uint8_t {
  kTimed,    ///< verified, then timed
  kSkipped,  ///< not run: skipped_reason says why
  kWrong,    ///< gave a wrong result: has no time, in no ratio; skipped_reason says how wrong
};

/// One executor on one layer in one cache state.
struct BenchRow {
  // What was computed.
  std::string workload;
  std::string layer;
  int64_t count = 1;  ///< how often the layer occurs in the workload
  int64_t M = 0;
  int64_t N = 0;
  int64_t K = 0;
  std::string epilogue = "none";  ///< kernels::name(Epilogue): "bias+gelu"; since 1.1
  RowRole role = RowRole::kSubject;
  std::string pattern;                    ///< canonical spec, or "dense"
  std::string format;                     ///< pack::format_name
  std::optional<double> target_sparsity;  ///< what was asked for
  double sparsity = 0.0;                  ///< achieved: share of weights that are not kept
  std::optional<double> kept_score;       ///< share of the sum of scores that is kept
  uint64_t seed = 0;                      ///< of weights and activations

  // By what.
  std::string executor;  ///< "cpu.tvw.simd"; empty if no executor takes the format
  std::string kernel;    ///< Plan::kernel_name
  std::string isa;
  std::string device;  ///< "cpu", "cuda:0"
  std::string dtype;
  std::string layout;  ///< "token", "feature"
  std::string cache;   ///< "hot", "cold"
  /// How cold was made: "flush" (the cache, before each run: nothing is in it, not even the
  /// program), or only for the weights, where activations are few: "flush, layer before" (and then
  /// a run with a copy of the weights; since 1.2), "rotation" (back-to-back runs over copies of the
  /// weights that exceed the cache). Empty if hot.
  std::string cold_by;

  // Is it right?
  RowStatus status = RowStatus::kSkipped;
  std::string skipped_reason;           ///< empty if timed
  bool verified = false;                ///< checked against the f64 reference and within tolerance
  std::optional<double> max_rel_error;  ///< of the outputs checked
  std::optional<double> tolerance;
  int64_t checked_outputs = 0;

  // How fast?
  std::optional<double> median_us;
  std::optional<double> mad_us;    ///< median absolute deviation, not scaled
  std::vector<double> samples_us;  ///< per run, in the order of the rounds
  int64_t repeats = 0;             ///< back-to-back runs of one sample
  /// Median over rounds of (best dense of the run / this), both timed in the same round, so that
  /// a slow phase of a shared machine falls on both. Same layer, M and cache state; "best dense" is
  /// the dense row with the smallest median, in whichever layout. Also below 1. Dense has it too.
  std::optional<double> speedup_vs_dense;
  std::string dense_executor;  ///< the best dense it was compared with
  std::string dense_layout;
  int64_t weight_bytes = 0;                    ///< values and indices one run reads
  std::optional<double> effective_gflops;      ///< dense-equivalent work / median
  std::optional<double> actual_gflops;         ///< work really done / median
  std::optional<double> roofline_us;           ///< least time the measured peaks allow
  std::optional<double> fraction_of_roofline;  ///< roofline_us / median_us
};

/// The fastest verified subject of a layer, or dense: what a runtime that may choose would take.
struct AutoChoice {
  std::string workload;
  std::string layer;
  int64_t count = 1;
  int64_t M = 0;
  std::string cache;
  std::optional<double> target_sparsity;
  std::string pattern;
  std::string executor;
  std::string layout;
  double median_us = 0.0;
  double speedup_vs_dense = 1.0;
};

struct BenchRecord {
  std::string schema_version = kBenchSchemaVersion;
  Environment environment;
  std::vector<std::string> argv;
  std::vector<BenchRow> rows;
  std::vector<AutoChoice> auto_choices;
};

[[nodiscard]] std::string_view name(RowRole role);      ///< "dense", "baseline", "subject"
[[nodiscard]] std::string_view name(RowStatus status);  ///< "timed", "skipped", "wrong"

/// Why a row has no time, after who it is of: "cpu.csr.simd: out of memory".
[[nodiscard]] std::string why_untimed(const BenchRow& row);
/// True if any row is kWrong: `tvw bench` then ends in exit code 3.
[[nodiscard]] bool has_wrong_result(const BenchRecord& record);

}  // namespace tvw::record
