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

PanelTile build_tile(const std::vector<ColumnList>& columns, int64_t K, int64_t t, int64_t tokens) {
  const auto begin = columns.begin() + t * kTileColumns;
  const auto end = begin + std::min(kTileColumns, columns.end() - begin);
  return make_own_rows_tile(iota(K), {begin, end}, tokens);
}

PanelWeights build(const pack::CsrMatrix& m, int64_t tokens) {
  const std::vector<ColumnList> columns = columns_of(m);
  return make_panel_weights(
      m.K, m.N, tokens, (m.N + kTileColumns - 1) / kTileColumns,
      [&](int64_t t) { return std::vector<PanelTile>{build_tile(columns, m.K, t, tokens)}; });
}

}  // namespace

const Executor& csr_simd() {
  static const PanelExecutor<pack::CsrMatrix> executor("cpu.csr.simd", "csr", true, &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
