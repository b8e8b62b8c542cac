// cpu.tw.simd: each tile is a dense product over its kept rows.
#include <algorithm>
#include <iterator>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {
namespace {

std::vector<PanelTile> build_tiles(const pack::TwMatrix& m, const std::vector<float>& values,
                                   int64_t t, PanelShape shape) {
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
  std::vector<float> weights;
  weights.reserve(packed_rows.size() * places.size());
  for (const int64_t r : packed_rows) {
    for (const int64_t g : places) {
      weights.push_back(values[static_cast<size_t>(r * m.granularity + g)]);
    }
  }
  std::vector<PanelTile> tiles;
  add_shared_rows_tiles(rows, columns, weights, shape, tiles);
  return tiles;
}

PanelWeights build(const pack::TwMatrix& m, PanelShape shape) {
  const std::vector<float> values = m.values.to_f32();
  std::vector<std::vector<PanelTile>> parts(static_cast<size_t>(m.tiles()));
  parallel_for(m.tiles(),
               [&](int64_t t) { parts[static_cast<size_t>(t)] = build_tiles(m, values, t, shape); });
  std::vector<PanelTile> tiles;
  for (auto& part : parts) std::move(part.begin(), part.end(), std::back_inserter(tiles));
  return finish_panel_weights(m.K, m.N, shape, std::move(tiles));
}

}  // namespace

const Executor& tw_simd() {
  static const PanelExecutor<pack::TwMatrix> executor("cpu.tw.simd", "tw", &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
