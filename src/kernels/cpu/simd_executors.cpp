// cpu.{tvw,tw,nm,block,csr}.simd: for few tokens the row plan, else the panel plan.
#include <string>
#include <string_view>
#include <type_traits>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_plan.hpp"
#include "kernels/cpu/row_plan.hpp"
#include "kernels/cpu/tiles.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

/// From so many tokens on, a panel pays for bringing the activations into it: later where every
/// product has to load its row. Numbers and not measurements, so that a problem's results have the
/// same bits wherever and however often it runs.
constexpr int64_t kFewestTokensShared = 24;
constexpr int64_t kFewestTokensOwn = 49;

/// The tiles of a format, as rows and panels are made from.
std::vector<DenseTile> tiles_of(const pack::TwMatrix& m) { return make_dense_tiles(m); }
std::vector<DenseTile> tiles_of(const pack::BlockEllMatrix& m) { return make_dense_tiles(m); }
std::vector<QuadTile> tiles_of(const pack::TvwMatrix& m) { return make_quad_tiles(m); }
std::vector<QuadTile> tiles_of(const pack::NmMatrix& m) { return make_quad_tiles(m, kTileColumns); }
std::vector<std::vector<ColumnEntry>> tiles_of(const pack::CsrMatrix& m) { return make_columns(m); }

bool suits_rows(const std::vector<DenseTile>& /*tiles*/) { return true; }
bool suits_rows(const std::vector<QuadTile>& tiles) {
  return tiles.empty() || tiles.front().slots <= kMostSlots;
}

template <class Tile>
std::unique_ptr<Plan> make_panels(const Problem& problem, const std::vector<Tile>& tiles,
                                  const std::string& kernel) {
  const GemmShape shape = problem.shape();
  const PanelSplit split = split_tokens(problem, thread_count(), !std::is_same_v<Tile, DenseTile>);
  return make_panel_plan(problem, split, make_panel_weights(shape.K, shape.N, split.stride, tiles),
                         kernel + "_f32_panel");
}

template <class Tile>
std::unique_ptr<Plan> make_plan(const Problem& problem, const std::vector<Tile>& tiles,
                                const std::string& kernel) {
  constexpr int64_t kFewestTokens =
      std::is_same_v<Tile, DenseTile> ? kFewestTokensShared : kFewestTokensOwn;
  if (problem.M >= kFewestTokens || !suits_rows(tiles)) {
    return make_panels(problem, tiles, kernel);
  }
  const GemmShape shape = problem.shape();
  return make_row_plan(problem, make_row_weights(shape.K, shape.N, tiles), kernel + "_f32_row");
}
std::unique_ptr<Plan> make_plan(const Problem& problem,
                                const std::vector<std::vector<ColumnEntry>>& columns,
                                const std::string& kernel) {
  return make_panels(problem, columns, kernel);
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
    if (problem.dtype != DType::kF32) {
      return Support::no("computes in f32 only, asked for " +
                         std::string(tvw::name(problem.dtype)));
    }
    if (problem.M < 1) return Support::no("M is " + std::to_string(problem.M));
    if (problem.shape().K > kMostRows) {
      return Support::no("K is more than " + std::to_string(kMostRows));
    }
    return Support::yes();
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return make_plan(problem, tiles_of(std::get<Matrix>(*problem.weights)), std::string(format_));
  }

 private:
  std::string_view name_;
  std::string_view format_;
};

}  // namespace

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
