// cpu.tvw.simd: every column of a tile multiplies its own rows, `keep` of each group of the tile's.
#include <algorithm>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"
#include "tvw/pack/index2.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Tiles of up to kTileColumns columns; all parts of a TVW tile have its rows.
std::vector<PanelTile> build_tiles(const pack::TvwMatrix& m, const std::vector<float>& values,
                                   int64_t t, int64_t tokens) {
  const NmRatio nm = m.nm;
  const int64_t first_row = m.row_offsets[static_cast<size_t>(t)];
  const int64_t last_row = m.row_offsets[static_cast<size_t>(t) + 1];
  std::vector<int32_t> rows;
  std::vector<int32_t> places(static_cast<size_t>(last_row - first_row), -1);  // -1: a pad row
  for (int64_t r = first_row; r < last_row; ++r) {
    const int32_t k = m.k_index[static_cast<size_t>(r)];
    if (k == m.K) continue;
    places[static_cast<size_t>(r - first_row)] = static_cast<int32_t>(rows.size());
    rows.push_back(k);
  }
  std::vector<ColumnList> lists;
  for (int64_t g = 0; g < m.granularity; ++g) {
    const int32_t n = m.n_index[static_cast<size_t>(t * m.granularity + g)];
    if (n == m.N) continue;
    ColumnList list{n, {}};
    for (int64_t r = first_row / nm.group * nm.keep; r < last_row / nm.group * nm.keep; ++r) {
      const int64_t i = r * m.granularity + g;
      const int64_t row = r / nm.keep * nm.group + pack::get_index2(m.index.data(), i) - first_row;
      const int32_t place = places[static_cast<size_t>(row)];
      if (place >= 0) list.entries.push_back({values[static_cast<size_t>(i)], place});
    }
    lists.push_back(std::move(list));
  }
  std::vector<PanelTile> tiles;
  for (size_t begin = 0; begin < lists.size(); begin += kTileColumns) {
    const size_t end = std::min(lists.size(), begin + kTileColumns);
    tiles.push_back(make_own_rows_tile(rows,
                                       {lists.begin() + static_cast<std::ptrdiff_t>(begin),
                                        lists.begin() + static_cast<std::ptrdiff_t>(end)},
                                       tokens));
  }
  return tiles;
}

PanelWeights build(const pack::TvwMatrix& m, int64_t tokens) {
  const std::vector<float> values = m.values.to_f32();
  return make_panel_weights(m.K, m.N, tokens, m.tiles(),
                            [&](int64_t t) { return build_tiles(m, values, t, tokens); });
}

}  // namespace

const Executor& tvw_simd() {
  static const PanelExecutor<pack::TvwMatrix> executor("cpu.tvw.simd", "tvw", true, &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
