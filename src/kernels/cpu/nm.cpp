// cpu.nm.simd: every column multiplies its own rows, `keep` of each group of K.
#include <algorithm>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"
#include "tvw/core/parallel.hpp"
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

PanelWeights build(const pack::NmMatrix& m, PanelShape shape) {
  const int64_t count = (m.N + kTileColumns - 1) / kTileColumns;
  std::vector<PanelTile> tiles(static_cast<size_t>(count));
  const std::vector<float> values = m.values.to_f32();
  parallel_for(count, [&](int64_t t) {
    std::vector<ColumnList> lists;
    for (int64_t n = t * kTileColumns; n < std::min(m.N, (t + 1) * kTileColumns); ++n) {
      lists.push_back(build_column(m, values, n));
    }
    tiles[static_cast<size_t>(t)] = make_own_rows_tile(iota(m.K), lists, shape);
  });
  return finish_panel_weights(m.K, m.N, shape, std::move(tiles));
}

}  // namespace

const Executor& nm_simd() {
  static const PanelExecutor<pack::NmMatrix> executor("cpu.nm.simd", "nm", &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
