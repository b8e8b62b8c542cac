#include "kernels/cpu/ways.hpp"

#include <algorithm>
#include <utility>

#include "kernels/cpu/compiled_tiles.hpp"
#include "kernels/cpu/cpu_device.hpp"
#include "kernels/cpu/direct_kernels.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_io.hpp"
#include "kernels/cpu/row_share.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Code made for the weights that the last-level cache has room for: that of other processors, or a
/// share of this one's. The order of additions is the same either way.
constexpr int64_t kCachedCodeBytes = int64_t{8} << 20, kCachedCodeShare = 8;
/// Rows of A from which such code pays: a number and not this machine's, as the order of additions
/// depends on it. For fewer it would be the faster where it is in a cache, but from memory, where
/// that of a whole model comes from, slower than the other kernels.
/// Five panels, as up to 8 rows more than four go by the row plan; of feature-major f32, whose last
/// rows do not, four.
constexpr int64_t kCodeFrom = 73, kFeatureMajorCodeFrom = 49;
/// And that for rows that columns share, of any size, as it is a loop.
constexpr int64_t kSharedCodeFrom = 48;
/// A weight and its share of the code, which for rows that columns share is next to nothing.
constexpr int64_t kCompiledF32Bytes = 12, kCompiledBf16Bytes = 8, kCompiledSharedBytes = 4;

/// Of B where A is multiplied as it lies: with rows of their own, whose products are a part of
/// those that are added, and with shared ones. More rows of A's tokens than that stay in no cache
/// of the core's own.
constexpr int64_t kFewColumns = 64, kFewRows = 256, kSomeColumns = 256, kManyRows = 8192;

/// Up to so many tokens the row plan is worth a try: its time is that of many small ones.
constexpr int64_t kMostTokensOfRows = 128;

/// For up to 8 tokens splitting a weight for AMX takes longer than multiplying it.
constexpr int64_t kAmxRowsFrom = 9;

int64_t code_bytes(const Problem& problem, const TileKind& kind) {
  const int64_t of_a_weight = !kind.own_rows                    ? kCompiledSharedBytes
                              : multiplies_pairs(problem, kind) ? kCompiledBf16Bytes
                                                                : kCompiledF32Bytes;
  return pack::stored_values(*problem.weights) * of_a_weight;
}

/// Whether a thread best goes through all code of rows that columns have of their own with panels
/// of its own, and does not share all panels, tile by tile. Then no thread waits for another's
/// panels, or takes what is in its cache. But fewer panels than kEnough are multiplied faster than
/// the last-level cache gives them code. So a cache of the core's own has to have room for it: if
/// it is small, threads need not have as many panels; else about as many, if they are some, or as
/// many, if they are more than each would make for itself.
bool takes_all_own_rows_code(int64_t code_bytes, int64_t vectors) {
  constexpr int64_t kSmallBytes = 256 << 10, kMediumBytes = 1 << 20;
  constexpr int64_t kSome = 3, kEnough = 5;
  constexpr double kMostUneven = 2.0, kAboutEven = 4.0 / 3.0;
  const int64_t panels = vectors / thread_count();
  const double uneven = unevenness(vectors, thread_count());
  if (panels >= kEnough) return true;
  if (code_bytes <= kSmallBytes) return uneven <= kMostUneven;
  return code_bytes <= kMediumBytes && vectors > kMostCopiedVectors &&
         uneven <= (panels >= kSome ? kAboutEven : kEven);
}

/// The same where activations are feature-major: a thread that goes through all code with a part of
/// the tokens has to do with a part of each row of A and C, which lie in as many pages as whole
/// ones. So more panels have to make up for it, and there may not be many more rows of C than of A.
/// But for very small code, if rows of C begin on cache lines, so that none is two threads'.
bool takes_all_feature_major_code(const GemmShape& shape, int64_t code_bytes, int64_t M) {
  constexpr int64_t kVerySmallBytes = 64 << 10, kEnough = 16, kMostResultRows = 2;
  const int64_t vectors = vectors_of(M), panels = M / (kVectorTokens * thread_count());
  const bool whole_lines = M % kVectorTokens == 0;
  if (code_bytes <= kVerySmallBytes && panels <= kMostTogether && whole_lines) {
    return unevenness(vectors, thread_count()) <= kEven;
  }
  return panels >= kEnough && shape.N <= kMostResultRows * shape.K;
}

/// Whether a thread best goes through all code, which has to be in the last-level cache.
bool takes_all_code(const Problem& problem, const TileKind& kind, int64_t M) {
  const int64_t bytes = code_bytes(problem, kind), vectors = vectors_of(M);
  if (bytes > std::max(kCachedCodeBytes, own_last_cache_bytes() / kCachedCodeShare)) return false;
  if (problem.layout == Layout::kFeatureMajor) {
    return takes_all_feature_major_code(problem.shape(), bytes, M);
  }
  if (kind.own_rows) return takes_all_own_rows_code(bytes, vectors);
  return vectors <= kMostCopiedVectors || vectors > thread_count();
}

/// Rows of A from which code is made for the weights.
int64_t code_from(const Problem& problem, const TileKind& kind) {
  if (!kind.own_rows) return kSharedCodeFrom;
  const bool feature_major = problem.layout == Layout::kFeatureMajor;
  return feature_major && problem.dtype == DType::kF32 ? kFeatureMajorCodeFrom : kCodeFrom;
}

const RowLimits& row_limits(const Problem& problem, const TileKind& kind) {
  if (!multiplies_pairs(problem, kind)) {
    return kind.own_rows ? kOwnRowLimits : kSharedRowLimits;
  }
  if (multiplier_of(problem, kind) != Multiplier::kKernels) return kNoRowLimits;
  return kind.own_rows ? kOwnBf16RowLimits : kSharedBf16RowLimits;
}

/// Columns of a tile for kernels. Those with rows of their own are cut until threads find tiles to
/// choose from; others gather rows for all of their columns, and pairs of rows for all that use
/// them.
int64_t kernel_columns(const Problem& problem, const TileKind& kind) {
  if (!kind.own_rows || multiplies_pairs(problem, kind)) return kTileColumns;
  constexpr int64_t kTilesPerThread = 4, kFewest = 16;
  return std::clamp(problem.shape().N / (kTilesPerThread * thread_count()), kFewest, kTileColumns);
}

PanelCosts panel_costs(const Problem& problem, const TileKind& kind) {
  const GemmShape shape = problem.shape();
  const int64_t stored = pack::stored_values(*problem.weights);
  const auto products = static_cast<double>(std::max<int64_t>(stored, 1));  // of a vector of tokens
  PanelCosts costs = kOwnRowsCosts;
  if (kind.own_rows) {
    if (cpu_isa() == CpuIsa::kAvx2) costs.most_vectors = kMostAvx2Vectors;
  } else {
    const bool cached = 2 * stored * int64_t{sizeof(float)} <= own_last_cache_bytes();
    costs = !cached || multiplies_pairs(problem, kind) ? kSharedRowsCosts
            : shape.K <= kMostCachedRows               ? kCachedWeightsCosts
                                                       : kNarrowPanelCosts;
    costs.per_panel += kPanelProducts / products;
  }
  costs.making = kMakingProducts * static_cast<double>(shape.K) / products;
  costs.tiles = parts_of(shape.N, kernel_columns(problem, kind));
  return costs;
}

Way direct_way() {
  Way way;
  way.direct = true;
  return way;
}

bool may_go_direct(const Problem& problem, const TileKind& kind) {
  return kind.row_plan && problem.layout == Layout::kTokenMajor && !multiplies_pairs(problem, kind);
}

/// Where results are put in order and products of zeros are added in less time than panels are made
/// and taken apart. Columns of many tiles are put in order slower than they are transposed, and
/// without AVX-512 those of any two.
bool goes_direct(const Problem& problem, const TileKind& kind) {
  if (!may_go_direct(problem, kind) || cpu_isa() < CpuIsa::kAvx512) return false;
  if (problem.M < kSharedRowLimits.panels_from) return false;
  const GemmShape shape = problem.shape();
  if (kind.own_rows) return shape.N <= kFewColumns && shape.K <= kFewRows;
  return shape.N <= std::max(shape.K, kSomeColumns) && shape.K <= kManyRows;
}

/// Whether rows of A are best multiplied where they are.
bool best_read_in_a(const Problem& problem, const TileKind& kind) {
  // What many tiles read is better made a part of a panel: own rows if they lie a multiple of half
  // a page apart and so meet in few sets of the caches, and shared ones, which each part of a
  // tile's columns reads again. It is not if the panel would come from one of many other threads'
  // caches, but for shared rows a page apart, whose one set of the L1 cache holds none of them.
  constexpr int64_t kPageFloats = 1024, kNotMany = 512, kMany = 1024;
  constexpr int kFewThreads = 2;
  const int64_t M = problem.M, N = problem.shape().N;
  const bool many_threads = thread_count() > kFewThreads;
  return kind.own_rows ? M % (kPageFloats / 2) != 0 || N <= kNotMany || many_threads
                       : M % kPageFloats != 0 && (N <= kMany || many_threads);
}

std::string sharing(const PanelSplit& split) {
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

}  // namespace

bool multiplies_pairs(const Problem& problem, const TileKind& kind) {
  return kind.pairs && problem.dtype == DType::kBF16 &&
         pack::dtype(*problem.weights) == DType::kBF16 && multiplies_bf16();
}

Multiplier multiplier_of(const Problem& problem, const TileKind& kind) {
  if (multiplies_pairs(problem, kind) && cpu_isa() == CpuIsa::kAmxBf16) return Multiplier::kAmx;
  const GemmShape shape = problem.shape();
  const bool code =
      compiles_tiles() && (kind.own_rows || !multiplies_pairs(problem, kind)) &&
      shape.K <= kMostRows && problem.M >= code_from(problem, kind) &&
      shape.N * results_stride(problem, kMostTokens) * int64_t{sizeof(float)} < kCodeReach;
  return code ? Multiplier::kCode : Multiplier::kKernels;
}

bool multiplies_rows_by_amx(const Problem& problem, const TileKind& kind) {
  return kind.amx_rows && cpu_isa() == CpuIsa::kAmxBf16 && problem.M >= kAmxRowsFrom;
}

int64_t tile_columns(const Problem& problem, const TileKind& kind, Multiplier multiplier,
                     const PanelSplit& split) {
  if (multiplier == Multiplier::kCode) {
    // Each part loads its rows, but where threads take tiles, of few panels, each wants some.
    if (split.work != PanelWork::kTiles) return kMostTileColumns;
    constexpr int64_t kMostParts = 3;
    return std::clamp<int64_t>(problem.shape().N / thread_count(), kCompiledColumns,
                               kMostParts * kCompiledColumns);
  }
  // A thread that has the panel for itself needs no tiles to choose from.
  const bool alone = multiplies_pairs(problem, kind) && split.work == PanelWork::kPanels;
  return alone ? kMostTileColumns : kernel_columns(problem, kind);
}

CodeUse code_use(const Problem& problem, const TileKind& kind, const PanelSplit& split) {
  const bool f32 = problem.dtype == DType::kF32;
  CodeUse use;
  use.rows_stride = f32 && best_read_in_a(problem, kind) && lie_in_a(problem, split.blocks)
                        ? problem.M
                        : split.tokens;
  use.results_stride = results_stride(problem, split.tokens);
  use.sums_in_results = f32;
  use.from_zero = problem.epilogue.bias.empty();
  use.leaves_out_tokens =
      f32 && problem.layout == Layout::kFeatureMajor && problem.M % kVectorTokens != 0;
  return use;
}

std::string Way::name() const {
  if (direct) return "direct plan, " + std::to_string(kDirectTokens) + " tokens at a time";
  if (split.blocks.empty()) return "row plan";
  return "panel plan, " + std::to_string(split.blocks.size()) + " panels of " +
         std::to_string(split.tokens) + " tokens, " + sharing(split) +
         (rows > 0 ? ", row plan for the last " + std::to_string(rows) : "");
}

Way model_way(const Problem& problem, const TileKind& kind) {
  if (goes_direct(problem, kind)) return direct_way();
  int64_t rows = 0;
  if (kind.row_plan) {
    rows =
        tokens_by_rows(problem.M, problem.layout == Layout::kTokenMajor, row_limits(problem, kind));
  }
  if (rows == problem.M) return {rows, {}};
  const int64_t M = problem.M - rows;
  const int threads = thread_count();
  switch (multiplier_of(problem, kind)) {
    case Multiplier::kAmx:
      return {rows, ways_for_amx(M, problem.shape().K, threads).front()};
    case Multiplier::kCode:
      return {rows, split_for_code(M, threads, takes_all_code(problem, kind, M))};
    case Multiplier::kKernels:
      break;
  }
  return {rows, split_tokens(M, threads, panel_costs(problem, kind))};
}

std::vector<Way> all_ways(const Problem& problem, const TileKind& kind, bool panels) {
  std::vector<Way> ways = {model_way(problem, kind)};
  const auto add = [&](Way way) {
    const auto same = [&](const Way& other) { return other.name() == way.name(); };
    if (std::ranges::none_of(ways, same)) ways.push_back(std::move(way));
  };
  if (problem.M <= kMostTokensOfRows && kind.row_plan) add({problem.M, {}});
  if (may_go_direct(problem, kind) && panels) add(direct_way());
  if (!panels) return ways;
  const Multiplier multiplier = multiplier_of(problem, kind);
  if (multiplier == Multiplier::kAmx) {
    for (PanelSplit& split : ways_for_amx(problem.M, problem.shape().K, thread_count())) {
      add({0, std::move(split)});
    }
    return ways;
  }
  if (multiplier == Multiplier::kCode) {
    for (const bool whole : {true, false}) {
      add({0, split_for_code(problem.M, thread_count(), whole)});
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

}  // namespace tvw::kernels::cpu
