// cpu.tw.simd: each tile is a dense product over its kept rows.
#include <algorithm>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"

namespace tvw::kernels::cpu {
namespace {

std::vector<PanelTile> build_tiles(const pack::TwMatrix& m, const std::vector<float>& values,
                                   int64_t t) {
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
  add_shared_rows_tiles(rows, columns, weights, tiles);
  return tiles;
}

PanelWeights build(const pack::TwMatrix& m, int64_t tokens) {
  const std::vector<float> values = m.values.to_f32();
  return make_panel_weights(m.K, m.N, tokens, m.tiles(),
                            [&](int64_t t) { return build_tiles(m, values, t); });
}

}  // namespace

const Executor& tw_simd() {
  static const PanelExecutor<pack::TwMatrix> executor("cpu.tw.simd", "tw", false, &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
