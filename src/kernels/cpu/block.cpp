// cpu.block.simd: a block row is a tile whose columns share the rows of the kept blocks.
#include <algorithm>
#include <numeric>

#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/panel_executor.hpp"

namespace tvw::kernels::cpu {
namespace {

std::vector<PanelTile> build_tiles(const pack::BlockEllMatrix& m, const std::vector<float>& values,
                                   int64_t bn) {
  const int64_t b = m.ell_block_size;
  std::vector<int32_t> rows;
  std::vector<int64_t> places;  // of the row's first value in the block row's blocks
  for (int64_t slot = 0; slot < m.slots(); ++slot) {
    const int64_t block = bn * m.slots() + slot;
    const int64_t bk = m.ell_col_ind[static_cast<size_t>(block)];
    if (bk < 0) continue;
    for (int64_t k = bk * b; k < std::min(m.K, (bk + 1) * b); ++k) {
      rows.push_back(static_cast<int32_t>(k));
      places.push_back(block * b * b + k - bk * b);
    }
  }
  std::vector<int32_t> columns(static_cast<size_t>(std::min(b, m.N - bn * b)));
  std::iota(columns.begin(), columns.end(), static_cast<int32_t>(bn * b));
  std::vector<float> weights;
  weights.reserve(places.size() * columns.size());
  for (const int64_t place : places) {
    for (size_t c = 0; c < columns.size(); ++c) {
      weights.push_back(values[static_cast<size_t>(place + static_cast<int64_t>(c) * b)]);
    }
  }
  std::vector<PanelTile> tiles;
  add_shared_rows_tiles(rows, columns, weights, tiles);
  return tiles;
}

PanelWeights build(const pack::BlockEllMatrix& m, int64_t tokens) {
  const std::vector<float> values = m.ell_values.to_f32();
  return make_panel_weights(m.K, m.N, tokens, m.block_rows(),
                            [&](int64_t bn) { return build_tiles(m, values, bn); });
}

}  // namespace

const Executor& block_simd() {
  static const PanelExecutor<pack::BlockEllMatrix> executor("cpu.block.simd", "block-ell", false,
                                                            &build);
  return executor;
}

}  // namespace tvw::kernels::cpu
