// cpu.tvw.simd: every column of a tile multiplies its own rows, `keep` of each group of the tile's.
#include <algorithm>

#include "kernels/cpu/column_lists.hpp"
#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/pack/index2.hpp"

namespace tvw::kernels::cpu {
namespace {

PanelTile build_tile(const pack::TvwMatrix& m, const std::vector<float>& values, int64_t t) {
  const NmRatio nm = m.nm;
  const int64_t begin = m.row_offsets[static_cast<size_t>(t)] / nm.group * nm.keep;
  const int64_t end = m.row_offsets[static_cast<size_t>(t) + 1] / nm.group * nm.keep;
  std::vector<ColumnList> lists;
  for (int64_t g = 0; g < m.granularity; ++g) {
    const int32_t n = m.n_index[static_cast<size_t>(t * m.granularity + g)];
    if (n == m.N) continue;
    ColumnList list{n, {}};
    list.entries.reserve(static_cast<size_t>(end - begin));
    for (int64_t r = begin; r < end; ++r) {
      const int64_t i = r * m.granularity + g;
      const int64_t slot = r / nm.keep * nm.group + pack::get_index2(m.index.data(), i);
      const int64_t k = m.k_index[static_cast<size_t>(slot)];
      if (k != m.K) list.entries.push_back({values[static_cast<size_t>(i)], row_offset(k)});
    }
    lists.push_back(std::move(list));
  }
  return make_list_tile(lists);
}

PanelWeights build(const pack::TvwMatrix& m) {
  PanelWeights weights;
  weights.K = m.K;
  weights.N = m.N;
  weights.chunk = std::max<int64_t>(1, kChunkRows / m.nm.group * m.nm.keep);
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

const Executor& tvw_simd() {
  static const PanelExecutor<pack::TvwMatrix> executor("cpu.tvw.simd", "tvw", &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
