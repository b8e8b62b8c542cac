// cpu.tw.simd: each tile is a dense product over its kept rows.
#include "kernels/cpu/column_lists.hpp"
#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"
#include "kernels/cpu/shared_rows.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

PanelTile build_tile(const pack::TwMatrix& m, const std::vector<float>& values, int64_t t) {
  std::vector<int32_t> rows;
  std::vector<int64_t> packed_rows;
  for (int64_t r = m.row_offsets[static_cast<size_t>(t)];
       r < m.row_offsets[static_cast<size_t>(t) + 1]; ++r) {
    const int32_t k = m.k_index[static_cast<size_t>(r)];
    if (k == m.K) continue;
    rows.push_back(k);
    packed_rows.push_back(r);
  }
  std::vector<int32_t> columns;
  std::vector<int64_t> places;
  for (int64_t g = 0; g < m.granularity; ++g) {
    const int32_t n = m.n_index[static_cast<size_t>(t * m.granularity + g)];
    if (n == m.N) continue;
    columns.push_back(n);
    places.push_back(g);
  }
  return make_shared_tile(rows, std::move(columns), [&](size_t i, size_t c) {
    return values[static_cast<size_t>(packed_rows[i] * m.granularity + places[c])];
  });
}

PanelWeights build(const pack::TwMatrix& m) {
  PanelWeights weights;
  weights.K = m.K;
  weights.N = m.N;
  weights.shared_rows = true;
  weights.chunk = kChunkRows;
  weights.tiles.resize(static_cast<size_t>(m.tiles()));
  const std::vector<float> values = m.values.to_f32();
  parallel_for(m.tiles(), [&](int64_t t) {
    weights.tiles[static_cast<size_t>(t)] = build_tile(m, values, t);
  });
  std::erase_if(weights.tiles, [](const PanelTile& tile) { return tile.columns.empty(); });
  weights.empty_columns = missing_columns(weights.tiles, m.N);
  return weights;
}

}  // namespace

const Executor& tw_simd() {
  static const PanelExecutor<pack::TwMatrix> executor("cpu.tw.simd", "tw", &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
