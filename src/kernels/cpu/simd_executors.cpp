// cpu.{tvw,tw,nm,block,csr}.simd: for few tokens the row plan, else the panel plan.
// With Problem::tuning the fastest of these and of the ways to make panels, measured.
// cpu.dense.simd: for few tokens, as dense at its best: a library's matrix products may read
// weights slower than memory gives them.
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernels/cpu/direct_plan.hpp"
#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/fastest_plan.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/joined_plan.hpp"
#include "kernels/cpu/panel_plan.hpp"
#include "kernels/cpu/row_plan.hpp"
#include "kernels/cpu/row_share.hpp"
#include "kernels/cpu/row_tiles.hpp"
#include "kernels/cpu/tiles.hpp"
#include "kernels/cpu/ways.hpp"
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

const std::vector<DenseTile>& as_dense(const std::vector<DenseTile>& tiles) { return tiles; }
std::vector<DenseTile> as_dense(const std::vector<QuadTile>& tiles) { return with_zeros(tiles); }

/// Whether columns multiply rows of their own.
template <class Tiles>
constexpr bool kOwnRows = !std::is_same_v<Tiles, std::vector<DenseTile>>;

template <class Tiles>
TileKind kind_of(const Tiles& tiles) {
  if constexpr (std::is_same_v<Tiles, Columns>) {
    return {kOwnRows<Tiles>, false, false, false};
  } else if constexpr (kOwnRows<Tiles>) {
    const int64_t slots = slots_of(tiles);
    return {true, true, slots <= kMostSlots, slots == kAmxSlots};
  } else {
    return {false, true, true, false};
  }
}

template <class Tiles>
std::unique_ptr<RowTiles> make_row_tiles(const Problem& problem, const Tiles& tiles) {
  const GemmShape shape = problem.shape();
  if constexpr (kOwnRows<Tiles>) {
    if (multiplies_rows_by_amx(problem, kind_of(tiles))) {
      return make_amx_row_tiles(make_amx_row_weights(shape.N, tiles));
    }
  }
  const int64_t width = row_width(shape.M);
  return make_f32_row_tiles(make_row_weights(shape.N, tiles, row_chunk(width, shape.K)), width);
}

template <class Tiles>
std::unique_ptr<PanelTiles> make_panel_tiles(const Problem& problem, const PanelSplit& split,
                                             const Tiles& tiles, Multiplier multiplier) {
  const GemmShape shape = problem.shape();
  const TileKind kind = kind_of(tiles);
  const bool compiled = multiplier == Multiplier::kCode;
  [[maybe_unused]] const int64_t width = tile_columns(problem, kind, multiplier, split);
  if constexpr (!std::is_same_v<Tiles, Columns>) {
    if (multiplies_pairs(problem, kind)) {
      if (multiplier == Multiplier::kAmx) {
        return make_amx_tiles(make_amx_weights(shape.N, width, tiles));
      }
      PairWeights weights = make_pair_weights(shape.N, split.tokens, width, tiles);
      if constexpr (kOwnRows<Tiles>) {
        if (compiled) return make_compiled_tiles(weights, code_use(problem, kind, split));
      }
      return make_bf16_tiles(std::move(weights));
    }
  }
  PanelWeights weights = [&] {
    if constexpr (kOwnRows<Tiles>) {
      return make_panel_weights(shape.K, shape.N, tiles, width);
    } else {
      return make_panel_weights(shape.K, shape.N, tiles);
    }
  }();
  if (!compiled) return make_f32_tiles(std::move(weights));
  return make_compiled_tiles(weights, code_use(problem, kind, split));
}

template <class Tiles>
std::unique_ptr<Plan> make_plan(const Problem& problem, const Way& way, const Tiles& tiles,
                                const std::string& format) {
  const auto in_panels = [&](const Problem& part) {
    // As for the problem, of which `part` is most: explain() and the split go by that, too.
    const Multiplier multiplier = multiplier_of(problem, kind_of(tiles));
    return make_panel_plan(part, way.split, make_panel_tiles(part, way.split, tiles, multiplier),
                           format);
  };
  if constexpr (!std::is_same_v<Tiles, Columns>) {
    if (way.direct) return make_direct_plan(problem, as_dense(tiles), format);
    const auto by_rows = [&](const Problem& part) {
      return make_row_plan(part, make_row_tiles(part, tiles), format);
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
  const TileKind kind = kind_of(tiles);
  const auto multiplied = [&](const Way& way) {
    if (way.rows == problem.M) {
      return multiplies_rows_by_amx(problem, kind)
                 ? "f32, as sums of three bf16, on " + tvw::kernels::name(cpu_isa())
                 : "f32 on " + f32_isa_name();
    }
    const bool compiled = multiplier_of(problem, kind) == Multiplier::kCode;
    if (way.direct) return "f32 on " + f32_isa_name();
    return (multiplies_pairs(problem, kind) && way.rows == 0
                ? "bf16 on " + tvw::kernels::name(cpu_isa())
                : "f32 on " + f32_isa_name()) +
           (compiled ? ", by code made for the weights" : "");
  };
  const auto explained = [&](const Way& way, const std::string& why) {
    return way.name() + ": " + why + "; " + multiplied(way);
  };
  if (problem.tuning != nullptr) {
    const std::vector<Way> ways = all_ways(problem, kind, panels);
    const auto known = known_way(executor, problem, names_of(ways));
    if (known) return explained(ways[*known], "the fastest when it was tuned");
    return "the fastest, measured when prepared, of " + std::to_string(ways.size()) + " ways";
  }
  const Way way = model_way(problem, kind);
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
      return make_plan(problem, model_way(problem, kind_of(tiles)), tiles, format);
    }
    return make_tuned_plan(problem, all_ways(problem, kind_of(tiles), kPanels), tiles, name_,
                           format, device);
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
