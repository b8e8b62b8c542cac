// cpu.{tvw,tw,nm,block,csr}.simd: for few tokens the row plan, else the panel plan.
// With Problem::tuning the fastest of these and of the ways to make panels, measured.
// cpu.dense.simd: for few tokens, as dense at its best: a library's matrix products may read
// weights slower than memory gives them.
#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernels/cpu/cpu_device.hpp"
#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/fastest_plan.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/joined_plan.hpp"
#include "kernels/cpu/panel_plan.hpp"
#include "kernels/cpu/parts.hpp"
#include "kernels/cpu/row_plan.hpp"
#include "kernels/cpu/row_share.hpp"
#include "kernels/cpu/tiles.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Of CSR: [N] entries of each column.
using Columns = std::vector<std::vector<ColumnEntry>>;

/// Columns of a dense weight that are taken together.
constexpr int64_t kDenseTileColumns = 64;

/// The tiles of a format, as rows and panels are made from.
std::vector<DenseTile> tiles_of(const pack::TwMatrix& m) { return make_dense_tiles(m); }
std::vector<DenseTile> tiles_of(const pack::BlockEllMatrix& m) { return make_dense_tiles(m); }
std::vector<DenseTile> tiles_of(const DenseMatrix& m) {
  return make_dense_tiles(m, kDenseTileColumns);
}
std::vector<QuadTile> tiles_of(const pack::TvwMatrix& m) { return make_quad_tiles(m); }
std::vector<QuadTile> tiles_of(const pack::NmMatrix& m) {
  return make_quad_tiles(m, kMostTileColumns);
}
Columns tiles_of(const pack::CsrMatrix& m) { return make_columns(m); }

bool suits_rows(const std::vector<DenseTile>& /*tiles*/) { return true; }
bool suits_rows(const std::vector<QuadTile>& tiles) {
  return tiles.empty() || tiles.front().slots <= kMostSlots;
}

/// Whether columns multiply rows of their own.
template <class Tiles>
constexpr bool kOwnRows = !std::is_same_v<Tiles, std::vector<DenseTile>>;

/// bf16 is multiplied as such where the processor can and no weight has to be rounded for it.
bool multiplies_bf16(const Problem& problem) {
  return problem.dtype == DType::kBF16 && pack::dtype(*problem.weights) == DType::kBF16 &&
         cpu_isa() >= CpuIsa::kAvx512Bf16;
}

/// Whether columns multiply pairs of rows in bf16.
template <class Tiles>
bool multiplies_pairs(const Problem& problem) {
  return multiplies_bf16(problem) && !std::is_same_v<Tiles, Columns>;
}

/// Limits of code made for the weights. Numbers and not this machine's caches, as the order of
/// additions depends on what is chosen.
constexpr int64_t kCachedCodeBytes = int64_t{8} << 20;  ///< that a last-level cache holds
/// Rows of A from which such code pays. For fewer it would be the faster where it is in a cache,
/// but from memory, where that of a whole model comes from, slower than the other kernels.
constexpr int64_t kCodeFrom = 160;
/// And that for rows that columns share, of any size, as it is a loop.
constexpr int64_t kSharedCodeFrom = 48;
/// A weight and its share of the code, which for rows that columns share is next to nothing.
constexpr int64_t kCompiledF32Bytes = 12, kCompiledBf16Bytes = 8, kCompiledSharedBytes = 4;

template <class Tiles>
bool caches_code(const Problem& problem) {
  const int64_t bytes = !kOwnRows<Tiles>                   ? kCompiledSharedBytes
                        : multiplies_pairs<Tiles>(problem) ? kCompiledBf16Bytes
                                                           : kCompiledF32Bytes;
  return pack::stored_values(*problem.weights) * bytes <= kCachedCodeBytes;
}

/// What multiplies panels.
enum class Multiplier : uint8_t {
  kKernels,  ///< loops over weights that they read
  kCode,     ///< made for the weights; there is none for bf16 rows that columns share
  kAmx,      ///< of bf16, all rows of a tile by all of its columns
};

template <class Tiles>
Multiplier multiplier_of(const Problem& problem) {
  if (multiplies_pairs<Tiles>(problem) && cpu_isa() == CpuIsa::kAmxBf16) return Multiplier::kAmx;
  const bool code = compiles_tiles() && (kOwnRows<Tiles> || !multiplies_bf16(problem)) &&
                    problem.shape().K <= kMostRows &&
                    problem.M >= (kOwnRows<Tiles> ? kCodeFrom : kSharedCodeFrom);
  return code ? Multiplier::kCode : Multiplier::kKernels;
}

/// That a tile has at most. Those with rows of their own are cut until threads find tiles to choose
/// from; others gather rows for all of their columns, and pairs of rows for all that use them.
template <class Tiles>
int64_t tile_columns(const Problem& problem) {
  if (!kOwnRows<Tiles> || multiplies_pairs<Tiles>(problem)) return kTileColumns;
  constexpr int64_t kTilesPerThread = 4, kFewest = 16;
  return std::clamp(problem.shape().N / (kTilesPerThread * thread_count()), kFewest, kTileColumns);
}

template <class Tiles>
std::unique_ptr<PanelTiles> make_panel_tiles(const Problem& problem, const PanelSplit& split,
                                             const Tiles& tiles, Multiplier multiplier) {
  const GemmShape shape = problem.shape();
  const bool compiled = multiplier == Multiplier::kCode;
  if constexpr (!std::is_same_v<Tiles, Columns>) {
    if (multiplies_bf16(problem)) {
      // Wide tiles for a thread that has the panel for itself; else enough tiles for all.
      const int64_t width = split.work == PanelWork::kPanels || compiled
                                ? kMostTileColumns
                                : tile_columns<Tiles>(problem);
      if (multiplier == Multiplier::kAmx) {
        return make_amx_tiles(make_amx_weights(shape.N, width, tiles));
      }
      PairWeights weights = make_pair_weights(shape.N, split.tokens, width, tiles);
      if constexpr (kOwnRows<Tiles>) {
        if (compiled) return make_compiled_tiles(weights, split.tokens);
      }
      return make_bf16_tiles(std::move(weights));
    }
  }
  PanelWeights weights = [&] {
    if constexpr (kOwnRows<Tiles>) {
      return make_panel_weights(shape.K, shape.N, tiles,
                                compiled ? kMostTileColumns : tile_columns<Tiles>(problem));
    } else {
      return make_panel_weights(shape.K, shape.N, tiles);
    }
  }();
  if (compiled) return make_compiled_tiles(weights, split.tokens);
  return make_f32_tiles(std::move(weights));
}

template <class Tiles>
const RowLimits& row_limits(const Problem& problem) {
  if (!multiplies_pairs<Tiles>(problem)) {
    return kOwnRows<Tiles> ? kOwnRowLimits : kSharedRowLimits;
  }
  if (multiplier_of<Tiles>(problem) != Multiplier::kKernels) return kNoRowLimits;
  return kOwnRows<Tiles> ? kOwnBf16RowLimits : kSharedBf16RowLimits;
}

/// A way to go about a problem.
struct Way {
  int64_t rows = 0;  ///< of A, the last ones, by the row plan
  PanelSplit split;  ///< of the others

  /// For people and for what Tuning remembers.
  [[nodiscard]] std::string name() const {
    if (split.blocks.empty()) return "row plan";
    return "panel plan, " + std::to_string(split.blocks.size()) + " panels of " +
           std::to_string(split.tokens) + " tokens, " + sharing() +
           (rows > 0 ? ", row plan for the last " + std::to_string(rows) : "");
  }
  [[nodiscard]] std::string sharing() const {
    switch (split.work) {
      case PanelWork::kSteps:
        return "threads share each";
      case PanelWork::kTiles:
        return "a thread takes tiles of columns";
      case PanelWork::kPanels:
        break;
    }
    if (split.together == 1) return "a thread takes whole ones";
    return "a thread takes whole ones, " + std::to_string(split.together) + " at a time";
  }
};

template <class Tiles>
PanelCosts panel_costs(const Problem& problem) {
  const GemmShape shape = problem.shape();
  const int64_t stored = pack::stored_values(*problem.weights);
  const auto products = static_cast<double>(std::max<int64_t>(stored, 1));  // of a vector of tokens
  PanelCosts costs = kOwnRowsCosts;
  if (kOwnRows<Tiles>) {
    if (cpu_isa() == CpuIsa::kAvx2) costs.most_vectors = kMostAvx2Vectors;
  } else {
    const bool cached = 2 * stored * int64_t{sizeof(float)} <= own_last_cache_bytes();
    costs = !cached || multiplies_bf16(problem) ? kSharedRowsCosts
            : shape.K <= kMostCachedRows        ? kCachedWeightsCosts
                                                : kNarrowPanelCosts;
    costs.per_panel += kPanelProducts / products;
  }
  costs.making = kMakingProducts * static_cast<double>(shape.K) / products;
  costs.tiles = parts_of(shape.N, tile_columns<Tiles>(problem));
  return costs;
}

/// Without measuring: a model.
template <class Tiles>
Way model_way(const Problem& problem, const Tiles& tiles) {
  int64_t rows = 0;
  if constexpr (!std::is_same_v<Tiles, Columns>) {
    if (suits_rows(tiles)) {
      rows = tokens_by_rows(problem.M, problem.layout == Layout::kTokenMajor,
                            row_limits<Tiles>(problem));
    }
  }
  if (rows == problem.M) return {rows, {}};
  const int64_t M = problem.M - rows;
  const int threads = thread_count();
  switch (multiplier_of<Tiles>(problem)) {
    case Multiplier::kAmx:
      return {rows, ways_for_amx(M, problem.shape().K, threads).front()};
    case Multiplier::kCode:
      return {rows, split_for_code(M, threads, caches_code<Tiles>(problem))};
    case Multiplier::kKernels:
      break;
  }
  return {rows, split_tokens(M, threads, panel_costs<Tiles>(problem))};
}

/// Up to so many tokens the row plan is worth a try: its time is that of many small ones.
constexpr int64_t kMostTokensOfRows = 128;

/// The model's first.
template <class Tiles>
std::vector<Way> all_ways(const Problem& problem, const Tiles& tiles, bool panels) {
  std::vector<Way> ways = {model_way(problem, tiles)};
  const auto add = [&](Way way) {
    const auto same = [&](const Way& other) { return other.name() == way.name(); };
    if (std::ranges::none_of(ways, same)) ways.push_back(std::move(way));
  };
  if constexpr (!std::is_same_v<Tiles, Columns>) {
    if (problem.M <= kMostTokensOfRows && suits_rows(tiles)) add({problem.M, {}});
  }
  if (!panels) return ways;
  const Multiplier multiplier = multiplier_of<Tiles>(problem);
  if (multiplier == Multiplier::kAmx) {
    for (PanelSplit& split : ways_for_amx(problem.M, problem.shape().K, thread_count())) {
      add({0, std::move(split)});
    }
    return ways;
  }
  if (multiplier == Multiplier::kCode) {
    for (const bool cached : {true, false}) {
      add({0, split_for_code(problem.M, thread_count(), cached)});
    }
  }
  for (PanelSplit& split : ways_to_split(problem.M)) add({0, std::move(split)});
  return ways;
}

std::vector<std::string> names_of(const std::vector<Way>& ways) {
  std::vector<std::string> names;
  for (const Way& way : ways) names.push_back(way.name());
  return names;
}

template <class Tiles>
std::unique_ptr<Plan> make_plan(const Problem& problem, const Way& way, const Tiles& tiles,
                                const std::string& format) {
  const auto in_panels = [&](const Problem& part) {
    // As for the problem, of which `part` is most: explain() and the split go by that, too.
    const Multiplier multiplier = multiplier_of<Tiles>(problem);
    return make_panel_plan(part, way.split, make_panel_tiles(part, way.split, tiles, multiplier),
                           format);
  };
  if constexpr (!std::is_same_v<Tiles, Columns>) {
    const auto by_rows = [&](const Problem& part) {
      const GemmShape shape = part.shape();
      return make_row_plan(part, make_row_weights(shape.K, shape.N, tiles), format);
    };
    if (way.rows == problem.M) return by_rows(problem);
    if (way.rows > 0) {
      const JoinedProblems parts = split_rows(problem, way.rows);
      return make_joined_plan(problem, in_panels(parts.first), by_rows(parts.last), way.rows);
    }
  }
  return in_panels(problem);
}

/// The way that problem.tuning knows, else the fastest.
template <class Tiles>
std::unique_ptr<Plan> make_tuned_plan(const Problem& problem, const std::vector<Way>& ways,
                                      const Tiles& tiles, std::string_view executor,
                                      const std::string& format, Device& device) {
  std::vector<std::unique_ptr<Plan>> plans;  // if they have to be measured
  const size_t best = choose_way(executor, problem, names_of(ways), [&] {
    for (const Way& way : ways) plans.push_back(make_plan(problem, way, tiles, format));
    return fastest_plan(problem, plans, device);
  });
  return plans.empty() ? make_plan(problem, ways[best], tiles, format) : std::move(plans[best]);
}

template <class Tiles>
std::string explain_choice(const Problem& problem, const Tiles& tiles, std::string_view executor,
                           bool panels) {
  const bool bf16 = !std::is_same_v<Tiles, Columns> && multiplies_bf16(problem);
  const auto explained = [&](const Way& way, const std::string& why) {
    const bool compiled =
        !way.split.blocks.empty() && multiplier_of<Tiles>(problem) == Multiplier::kCode;
    return way.name() + ": " + why + "; " +
           (bf16 && way.rows == 0 ? "bf16 on " + tvw::kernels::name(cpu_isa())
                                  : "f32 on " + f32_isa_name()) +
           (compiled ? ", by code made for the weights" : "");
  };
  if (problem.tuning != nullptr) {
    const std::vector<Way> ways = all_ways(problem, tiles, panels);
    const auto known = known_way(executor, problem, names_of(ways));
    if (known) return explained(ways[*known], "the fastest when it was tuned");
    return "the fastest, measured when prepared, of " + std::to_string(ways.size()) + " ways";
  }
  const Way way = model_way(problem, tiles);
  const std::string M = "M = " + std::to_string(problem.M);
  return explained(way, way.rows == problem.M ? M + ", weights are streamed once" : M);
}

/// `Matrix` is the alternative of pack::PackedWeights that it takes.
template <class Matrix>
class SimdExecutor final : public Executor {
 public:
  SimdExecutor(std::string_view name, std::string_view format) : name_(name), format_(format) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return format_; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCpu; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (!std::holds_alternative<Matrix>(*problem.weights)) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not " + std::string(format_));
    }
    if (problem.dtype == DType::kF16) return Support::no("computes in f32 and bf16, asked for f16");
    if (problem.M < 1) return Support::no("M is " + std::to_string(problem.M));
    if (std::is_same_v<Matrix, DenseMatrix> && problem.M >= kSharedRowLimits.panels_from) {
      return Support::no("is for fewer than " + std::to_string(kSharedRowLimits.panels_from) +
                         " rows of A, asked for " + std::to_string(problem.M));
    }
    using Tiles = decltype(tiles_of(std::declval<const Matrix&>()));
    if (kOwnRows<Tiles> && problem.shape().K > kMostRows) {
      return Support::no("takes K up to " + std::to_string(kMostRows) + ", asked for " +
                         std::to_string(problem.shape().K));
    }
    return Support::yes();
  }
  [[nodiscard]] std::string explain(const Problem& problem) const override {
    return explain_choice(problem, tiles_of(std::get<Matrix>(*problem.weights)), name_, kPanels);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& device) const override {
    const auto tiles = tiles_of(std::get<Matrix>(*problem.weights));
    const std::string format(format_);
    if (problem.tuning == nullptr) {
      return make_plan(problem, model_way(problem, tiles), tiles, format);
    }
    return make_tuned_plan(problem, all_ways(problem, tiles, kPanels), tiles, name_, format,
                           device);
  }

 private:
  /// Dense has no panels: many tokens are a library's.
  static constexpr bool kPanels = !std::is_same_v<Matrix, DenseMatrix>;

  std::string_view name_;
  std::string_view format_;
};

}  // namespace

const Executor& dense_simd() {
  static const SimdExecutor<DenseMatrix> executor("cpu.dense.simd", "dense");
  return executor;
}
const Executor& tvw_simd() {
  static const SimdExecutor<pack::TvwMatrix> executor("cpu.tvw.simd", "tvw");
  return executor;
}
const Executor& tw_simd() {
  static const SimdExecutor<pack::TwMatrix> executor("cpu.tw.simd", "tw");
  return executor;
}
const Executor& nm_simd() {
  static const SimdExecutor<pack::NmMatrix> executor("cpu.nm.simd", "nm");
  return executor;
}
const Executor& block_simd() {
  static const SimdExecutor<pack::BlockEllMatrix> executor("cpu.block.simd", "block-ell");
  return executor;
}
const Executor& csr_simd() {
  static const SimdExecutor<pack::CsrMatrix> executor("cpu.csr.simd", "csr");
  return executor;
}

}  // namespace tvw::kernels::cpu
