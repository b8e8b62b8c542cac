// cpu.nm.simd: every column multiplies its own rows, `keep` of each group of K.
#include <algorithm>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"
#include "tvw/pack/index2.hpp"

namespace tvw::kernels::cpu {
namespace {

ColumnList build_column(const pack::NmMatrix& m, const std::vector<float>& values, int64_t n) {
  ColumnList list{static_cast<int32_t>(n), {}};
  list.entries.reserve(static_cast<size_t>(m.packed_rows()));
  for (int64_t r = 0; r < m.packed_rows(); ++r) {
    const int64_t i = r * m.N + n;
    const int64_t k = r / m.nm.keep * m.nm.group + pack::get_index2(m.index.data(), i);
    if (k < m.K) list.entries.push_back({values[static_cast<size_t>(i)], static_cast<int32_t>(k)});
  }
  return list;
}

PanelTile build_tile(const pack::NmMatrix& m, const std::vector<float>& values, int64_t t,
                     int64_t tokens) {
  std::vector<ColumnList> lists;
  for (int64_t n = t * kTileColumns; n < std::min(m.N, (t + 1) * kTileColumns); ++n) {
    lists.push_back(build_column(m, values, n));
  }
  return make_own_rows_tile(iota(m.K), lists, tokens);
}

PanelWeights build(const pack::NmMatrix& m, int64_t tokens) {
  const std::vector<float> values = m.values.to_f32();
  return make_panel_weights(
      m.K, m.N, tokens, (m.N + kTileColumns - 1) / kTileColumns,
      [&](int64_t t) { return std::vector<PanelTile>{build_tile(m, values, t, tokens)}; });
}

}  // namespace

const Executor& nm_simd() {
  static const PanelExecutor<pack::NmMatrix> executor("cpu.nm.simd", "nm", true, &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
