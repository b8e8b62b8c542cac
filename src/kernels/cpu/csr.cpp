// cpu.csr.simd: every column of unstructured weights multiplies its own rows.
#include <algorithm>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"

namespace tvw::kernels::cpu {
namespace {

std::vector<ColumnList> columns_of(const pack::CsrMatrix& m) {
  std::vector<ColumnList> columns(static_cast<size_t>(m.N));
  for (size_t n = 0; n < columns.size(); ++n) columns[n].column = static_cast<int32_t>(n);
  const std::vector<float> values = m.values.to_f32();
  for (int64_t k = 0; k < m.K; ++k) {
    const auto row = static_cast<size_t>(k);
    for (auto i = static_cast<size_t>(m.row_offsets[row]);
         i < static_cast<size_t>(m.row_offsets[row + 1]); ++i) {
      columns[static_cast<size_t>(m.column_indices[i])].entries.push_back(
          {values[i], static_cast<int32_t>(k)});
    }
  }
  return columns;
}

PanelWeights build(const pack::CsrMatrix& m, PanelShape shape) {
  const std::vector<ColumnList> columns = columns_of(m);
  std::vector<PanelTile> tiles;
  for (size_t begin = 0; begin < columns.size(); begin += kTileColumns) {
    const size_t end = std::min(columns.size(), begin + kTileColumns);
    tiles.push_back(make_own_rows_tile(
        iota(m.K), {columns.begin() + static_cast<std::ptrdiff_t>(begin),
                    columns.begin() + static_cast<std::ptrdiff_t>(end)},
        shape));
  }
  return finish_panel_weights(m.K, m.N, shape, std::move(tiles));
}

}  // namespace

const Executor& csr_simd() {
  static const PanelExecutor<pack::CsrMatrix> executor("cpu.csr.simd", "csr", &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
