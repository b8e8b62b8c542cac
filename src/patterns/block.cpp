// Blocks of b x b weights; those at the edges of B are smaller, and their score is the mean of what
// they have.
//
// Blocked-ELL (cuSPARSE) stores the same number of blocks in every block row, and a block row is b
// columns of B (C^T = B^T A^T). Blocks are therefore ranked inside their block row first: the best
// block of every block row comes before the second best of any, and the target cuts this order.
// Block rows differ by at most one block, so the format stores and multiplies next to no padding;
// ranking over all blocks would keep a little more score and make the widest block row set the cost
// of all.
#include <algorithm>
#include <cmath>
#include <string>

#include "patterns/patterns.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::patterns {
namespace {

struct Block {
  int64_t k0 = 0;
  int64_t n0 = 0;
  int64_t rows = 0;
  int64_t cols = 0;
  double score = 0.0;  ///< mean
  int64_t place = 0;   ///< in its block row, 0 = best

  [[nodiscard]] int64_t size() const { return rows * cols; }
};

int64_t count_kept(const Mask& mask, const Block& block) {
  int64_t kept = 0;
  for (int64_t k = block.k0; k < block.k0 + block.rows; ++k) {
    for (int64_t n = block.n0; n < block.n0 + block.cols; ++n) kept += mask.kept(k, n) ? 1 : 0;
  }
  return kept;
}

class BlockPattern final : public Pattern {
 public:
  explicit BlockPattern(const PatternSpec& spec) : spec_(spec) {}
  const PatternSpec& spec() const override { return spec_; }

  std::vector<Unit> units(MatrixView<const float> scores) const override {
    std::vector<Unit> units;
    for (const Block& block : scored_blocks(scores)) {
      units.push_back({static_cast<float>(block.score), static_cast<int32_t>(block.size())});
    }
    return units;
  }

  Conformity conforms(const Selection& selection) const override {
    const Mask& mask = selection.mask;
    for (const Block& block : blocks(mask.rows(), mask.cols())) {
      const int64_t kept = count_kept(mask, block);
      if (kept != 0 && kept != block.size()) {
        return {false,
                "the block at [" + std::to_string(block.k0) + ", " + std::to_string(block.n0) +
                    "] keeps " + std::to_string(kept) + " of " + std::to_string(block.size()) +
                    " weights, expected none or all",
                std::nullopt};
      }
    }
    return {true, "", std::nullopt};
  }

 protected:
  Selection do_select(MatrixView<const float> scores, Sparsity target,
                      const SelectOptions& /*options*/) const override {
    std::vector<Block> ranked = scored_blocks(scores);
    const int64_t per_row = parts_of(scores.rows, spec_.block_size);
    const auto better = [](const Block& a, const Block& b) { return a.score > b.score; };
    for (auto row = ranked.begin(); row != ranked.end(); row += per_row) {
      std::stable_sort(row, row + per_row, better);
      for (int64_t i = 0; i < per_row; ++i) (row + i)->place = i;
    }
    std::stable_sort(ranked.begin(), ranked.end(), [&](const Block& a, const Block& b) {
      return a.place != b.place ? a.place < b.place : better(a, b);
    });
    Selection selection{Mask(scores.rows, scores.cols, false), std::nullopt};
    const double wanted = target.density() * static_cast<double>(scores.size());
    int64_t kept = 0;
    for (const Block& block : ranked) {
      // A block is taken if that brings the sum nearer to what is wanted.
      if (static_cast<double>(kept) + static_cast<double>(block.size()) / 2 > wanted) break;
      kept += block.size();
      for (int64_t k = block.k0; k < block.k0 + block.rows; ++k) {
        for (int64_t n = block.n0; n < block.n0 + block.cols; ++n) selection.mask.keep(k, n);
      }
    }
    return selection;
  }

 private:
  /// All blocks, block row (columns of B) by block row.
  [[nodiscard]] std::vector<Block> blocks(int64_t K, int64_t N) const {
    const int64_t b = spec_.block_size;
    std::vector<Block> all;
    for (int64_t n = 0; n < N; n += b) {
      for (int64_t k = 0; k < K; k += b) {
        all.push_back({k, n, std::min(b, K - k), std::min(b, N - n), 0.0, 0});
      }
    }
    return all;
  }

  [[nodiscard]] std::vector<Block> scored_blocks(MatrixView<const float> scores) const {
    std::vector<Block> all = blocks(scores.rows, scores.cols);
    parallel_for(static_cast<int64_t>(all.size()), [&](int64_t i) {
      Block& block = all[static_cast<size_t>(i)];
      double sum = 0.0;
      for (int64_t k = block.k0; k < block.k0 + block.rows; ++k) {
        for (int64_t n = block.n0; n < block.n0 + block.cols; ++n) sum += scores(k, n);
      }
      block.score = sum / static_cast<double>(block.size());
    });
    return all;
  }

  PatternSpec spec_;
};

}  // namespace

std::unique_ptr<Pattern> make_block(const PatternSpec& spec) {
  return std::make_unique<BlockPattern>(spec);
}

}  // namespace tvw::patterns
