/// @file What `tvw bench` is asked to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tvw/bench/stopping.hpp"
#include "tvw/bench/workload.hpp"
#include "tvw/core/dtype.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/sparsity.hpp"
#include "tvw/kernels/executor.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw::bench {

/// Block and unstructured (CSR); on a GPU blocks of several sizes.
[[nodiscard]] std::vector<PatternSpec> default_baselines(kernels::DeviceKind device);
/// What a pattern's text leaves open: tiles of 64 columns, on a GPU of 256, as its kernels like it.
[[nodiscard]] PatternSpec default_pattern(kernels::DeviceKind device);

/// What follows the product; the bias is random, like the weights, and so is what is added to.
struct EpilogueChoice {
  bool bias = false;
  bool add_to_c = false;
  kernels::Activation activation = kernels::Activation::kNone;
  friend bool operator==(const EpilogueChoice&, const EpilogueChoice&) = default;
};
/// As kernels::name(Epilogue) writes it: "none", "bias", "add", "gelu", "bias+add+gelu", ...
/// @throws Error kUsage
[[nodiscard]] EpilogueChoice parse_epilogue(std::string_view text);

/// Rows of A; more are a slip of the pen, and overflow what follows.
inline constexpr int64_t kLargestM = int64_t{1} << 31;

enum class CacheState : uint8_t { kHot, kCold };
[[nodiscard]] std::string_view name(CacheState cache);  ///< "hot", "cold"
/// "hot", "cold" or "both".
/// @throws Error kUsage
[[nodiscard]] std::vector<CacheState> parse_cache_states(std::string_view text);
/// "token", "feature" or "both".
/// @throws Error kUsage
[[nodiscard]] std::vector<kernels::Layout> parse_layouts(std::string_view text);

/// A weight that is packed already, of a model.
struct PackedVariant {
  PatternSpec pattern;
  pack::PackedWeights weights;
  double sparsity = 0.0;                  ///< achieved; its baselines are pruned to this
  std::optional<double> target_sparsity;  ///< of the whole model; groups the rows in reports
  std::optional<double> kept_score;
};

struct LayerWeights {
  DenseMatrix dense;                  ///< what the dense baseline multiplies by
  std::vector<PackedVariant> packed;  ///< subjects, as they are
};

/// A layer with weights of its own. They are loaded when its turn comes and dropped after it.
struct BenchLayer {
  std::string name;
  int64_t count = 1;
  std::optional<int64_t> M;  ///< rows per input as in WorkloadLayer; nullopt: the request's M
  int64_t N = 0;
  int64_t K = 0;
  std::function<LayerWeights()> load;
};

/// Every field has a useful default; the fields left at nullopt or empty depend on the device.
struct BenchRequest {
  std::string workload = "bert-base";  ///< built-in name or file; only a label if `layers` is set
  std::vector<BenchLayer> layers;      ///< instead of a workload: a model's own weights
  /// Subjects beside the weights of `layers` that are packed already; empty: none.
  std::vector<PatternSpec> patterns = {PatternSpec{}};
  /// Run beside the subjects at the sparsity that each of them reaches (2:4: 0.5), to be compared
  /// with. Those among the patterns (same kind) are not run twice. Dense always runs and is not
  /// listed.
  std::vector<PatternSpec> baselines = default_baselines(kernels::DeviceKind::kCpu);
  std::vector<Sparsity> sparsities = {Sparsity(0.75)};
  std::vector<int64_t> M;      ///< for layers with M `*`; empty: 512 on cpu, 12800 on cuda
  int64_t batch = 1;           ///< multiplies M of layers that state a number
  EpilogueChoice epilogue;     ///< of dense and the baselines, too
  std::optional<DType> dtype;  ///< f32 on cpu, f16 on cuda
  std::string device = "cpu";  ///< Registry::device; "cpu", "cuda:0", "auto"
  std::vector<kernels::Layout> layouts;  ///< empty: token on cpu, feature on cuda
  std::vector<CacheState> caches = {CacheState::kHot, CacheState::kCold};
  /// Dense also runs in the layouts not asked for, so that the baseline has the one it likes best.
  bool dense_in_every_layout = true;
  std::vector<std::string> executors;  ///< names; empty: all. Dense runs all the same
  int threads = 0;                     ///< 0: leave as it is
  /// Executors with several ways choose by measurement, and this file remembers (TuningFile).
  std::optional<std::filesystem::path> tuning_file;
  StoppingRule stopping;         ///< per layer and cache state
  double min_sample_us = 300.0;  ///< hot samples repeat a run until they last this long
  uint64_t seed = 1;
  bool measure_roofline = true;   ///< measures and caches the peaks of the device
  std::vector<std::string> argv;  ///< copied into the record
  std::vector<std::pair<std::string, std::string>> libraries;  ///< into the environment
};

/// As core's parse_patterns, and "dense" is allowed: it always runs, so it is left out. "dense"
/// alone gives no subjects.
/// @throws Error kUsage
[[nodiscard]] std::vector<PatternSpec> parse_subjects(std::string_view text,
                                                      const PatternSpec& defaults = {});

/// As parse_subjects, and "none" gives none.
/// @throws Error kUsage
[[nodiscard]] std::vector<PatternSpec> parse_baselines(std::string_view text,
                                                       const PatternSpec& defaults = {});

}  // namespace tvw::bench
