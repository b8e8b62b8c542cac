#include "tvw/pack/block_ell.hpp"

#include <algorithm>

#include "pack/words.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::pack {
namespace {

/// Kept and existing elements of the block at (K block `bk`, N block `bn`).
struct BlockCount {
  int64_t kept = 0;
  int64_t all = 0;
};

BlockCount count_block(const Mask& mask, int64_t bk, int64_t bn, int64_t b) {
  BlockCount count;
  for (int64_t k = bk * b; k < std::min((bk + 1) * b, mask.rows()); ++k) {
    for (int64_t n = bn * b; n < std::min((bn + 1) * b, mask.cols()); ++n) {
      ++count.all;
      count.kept += mask.kept(k, n) ? 1 : 0;
    }
  }
  return count;
}

/// Calls body(k, n, position in ell_values) for each existing element of each used slot.
template <class Body>
void for_each_element(const BlockEllMatrix& m, Body&& body) {
  const int64_t b = m.ell_block_size;
  for (int64_t bn = 0; bn < m.block_rows(); ++bn) {
    for (int64_t slot = 0; slot < m.slots(); ++slot) {
      const int64_t block = bn * m.slots() + slot;
      const int64_t bk = m.ell_col_ind[static_cast<size_t>(block)];
      if (bk < 0) continue;
      for (int64_t n = bn * b; n < std::min((bn + 1) * b, m.N); ++n) {
        for (int64_t k = bk * b; k < std::min((bk + 1) * b, m.K); ++k) {
          body(k, n, (block * b + n - bn * b) * b + k - bk * b);
        }
      }
    }
  }
}

}  // namespace

BlockEllMatrix pack_block_ell(const DenseMatrix& weights, const Mask& mask, int64_t block_size) {
  check_same_shape(weights, mask);
  if (block_size < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "block size " + std::to_string(block_size) + ", expected 1 or more");
  }
  BlockEllMatrix packed;
  packed.K = weights.K;
  packed.N = weights.N;
  packed.ell_block_size = block_size;
  const int64_t k_blocks = parts_of(weights.K, block_size);
  std::vector<std::vector<int32_t>> kept(static_cast<size_t>(packed.block_rows()));
  size_t slots = 0;
  for (int64_t bn = 0; bn < packed.block_rows(); ++bn) {
    for (int64_t bk = 0; bk < k_blocks; ++bk) {
      const BlockCount count = count_block(mask, bk, bn, block_size);
      if (count.kept == 0) continue;
      if (count.kept != count.all) {
        throw Error(ErrorCode::kPatternMismatch,
                    "block (" + std::to_string(bk) + ", " + std::to_string(bn) + ") keeps " +
                        std::to_string(count.kept) + " of " + std::to_string(count.all) +
                        " weights, expected all or none");
      }
      kept[static_cast<size_t>(bn)].push_back(static_cast<int32_t>(bk));
    }
    slots = std::max(slots, kept[static_cast<size_t>(bn)].size());
  }
  packed.ell_cols = static_cast<int64_t>(slots) * block_size;
  packed.ell_col_ind.assign(kept.size() * slots, -1);
  for (size_t bn = 0; bn < kept.size(); ++bn) {
    std::copy(kept[bn].begin(), kept[bn].end(), packed.ell_col_ind.begin() + bn * slots);
  }
  packed.ell_values =
      TypedBuffer(weights.values.dtype(), packed.block_rows() * packed.ell_cols * block_size);
  with_word(weights.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = weights.values.words<Word>();
    Word* to = packed.ell_values.words<Word>();
    for_each_element(packed, [&](int64_t k, int64_t n, int64_t position) {
      to[position] = canonical_zero(from[k * weights.N + n]);
    });
  });
  return packed;
}

DenseMatrix unpack(const BlockEllMatrix& packed) {
  DenseMatrix dense = zeros(packed.K, packed.N, packed.ell_values.dtype());
  with_word(packed.ell_values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = packed.ell_values.words<Word>();
    Word* to = dense.values.words<Word>();
    for_each_element(packed, [&](int64_t k, int64_t n, int64_t position) {
      to[k * packed.N + n] = from[position];
    });
  });
  return dense;
}

void validate(const BlockEllMatrix& packed) {
  constexpr const char* kFormat = "block-ell";
  check_shape(packed.K, packed.N, kFormat);
  const int64_t b = packed.ell_block_size;
  if (b < 1 || b > INT32_MAX || packed.ell_cols < 0 || packed.ell_cols % b != 0 ||
      packed.slots() > parts_of(packed.K, b)) {
    bad(kFormat, "ell_cols " + std::to_string(packed.ell_cols) + " with blocks of " +
                     std::to_string(b) + " does not fit K = " + std::to_string(packed.K));
  }
  expect_count(kFormat, "ell_col_ind", static_cast<int64_t>(packed.ell_col_ind.size()),
               packed.block_rows() * packed.slots());
  // The count above bounds block_rows * slots by memory that exists; blocks of b * b are bounded
  // next.
  const auto blocks = static_cast<int64_t>(packed.ell_col_ind.size());
  if (blocks > 0 && b > (int64_t{1} << 40) / b / blocks) bad(kFormat, "more values than fit");
  expect_count(kFormat, "ell_values", packed.ell_values.count(), blocks * b * b);
  const int64_t k_blocks = parts_of(packed.K, b);
  for (int64_t bn = 0; bn < packed.block_rows(); ++bn) {
    int64_t previous = -1;
    bool ended = false;
    for (int64_t slot = 0; slot < packed.slots(); ++slot) {
      const int64_t bk = packed.ell_col_ind[static_cast<size_t>(bn * packed.slots() + slot)];
      if (bk == -1) {
        ended = true;
        continue;
      }
      if (ended || bk <= previous || bk >= k_blocks) {
        bad(kFormat, "block row " + std::to_string(bn) + " has block " + std::to_string(bk) +
                         " after " + std::to_string(previous) + ", expected ascending ids below " +
                         std::to_string(k_blocks) + ", then -1");
      }
      previous = bk;
    }
  }
}

}  // namespace tvw::pack
