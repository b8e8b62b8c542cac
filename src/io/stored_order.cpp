#include "io/stored_order.hpp"

#include <algorithm>

namespace tvw::io {
namespace {

constexpr int64_t kBlock = 32;  ///< edge of the squares that a transposition works in

/// to[c, r] = from[r, c], in squares so that both sides stay in the cache.
template <class Word>
void transpose(const TypedBuffer& from_buffer, TypedBuffer& to_buffer, int64_t rows, int64_t cols) {
  const Word* from = from_buffer.words<Word>();
  Word* to = to_buffer.words<Word>();
  for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
    for (int64_t c0 = 0; c0 < cols; c0 += kBlock) {
      for (int64_t r = r0; r < std::min(r0 + kBlock, rows); ++r) {
        for (int64_t c = c0; c < std::min(c0 + kBlock, cols); ++c) {
          to[c * rows + r] = from[r * cols + c];
        }
      }
    }
  }
}

TypedBuffer transposed_copy(const TypedBuffer& from, int64_t rows, int64_t cols) {
  TypedBuffer to(from.dtype(), from.count());
  if (size_bytes(from.dtype()) == 4) {
    transpose<uint32_t>(from, to, rows, cols);
  } else {
    transpose<uint16_t>(from, to, rows, cols);
  }
  return to;
}

}  // namespace

DenseMatrix from_stored(TypedBuffer stored, int64_t K, int64_t N, bool transposed) {
  if (!transposed) return {K, N, std::move(stored)};
  return {K, N, transposed_copy(stored, N, K)};
}

TypedBuffer to_stored(DenseMatrix dense, bool transposed) {
  if (!transposed) return std::move(dense.values);
  return transposed_copy(dense.values, dense.K, dense.N);
}

}  // namespace tvw::io
