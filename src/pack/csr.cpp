#include "tvw/pack/csr.hpp"

#include "pack/words.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::pack {

CsrMatrix pack_csr(const DenseMatrix& weights, const Mask& mask) {
  check_same_shape(weights, mask);
  if (weights.N > INT32_MAX) {
    throw Error(ErrorCode::kInvalidArgument,
                "csr: " + std::to_string(weights.N) + " columns, expected at most 2^31 - 1");
  }
  CsrMatrix packed;
  packed.K = weights.K;
  packed.N = weights.N;
  packed.row_offsets.assign(static_cast<size_t>(weights.K) + 1, 0);
  for (int64_t k = 0; k < weights.K; ++k) {
    for (int64_t n = 0; n < weights.N; ++n) {
      if (mask.kept(k, n)) packed.column_indices.push_back(static_cast<int32_t>(n));
    }
    packed.row_offsets[static_cast<size_t>(k) + 1] =
        static_cast<int64_t>(packed.column_indices.size());
  }
  packed.values = TypedBuffer(weights.values.dtype(), packed.row_offsets.back());
  with_word(weights.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = weights.values.words<Word>();
    Word* to = packed.values.words<Word>();
    parallel_for(weights.K, [&](int64_t k) {
      const auto row = static_cast<size_t>(k);
      for (int64_t i = packed.row_offsets[row]; i < packed.row_offsets[row + 1]; ++i) {
        to[i] = canonical_zero(from[k * weights.N + packed.column_indices[static_cast<size_t>(i)]]);
      }
    });
  });
  return packed;
}

DenseMatrix unpack(const CsrMatrix& packed) {
  DenseMatrix dense = zeros(packed.K, packed.N, packed.values.dtype());
  with_word(packed.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = packed.values.words<Word>();
    Word* to = dense.values.words<Word>();
    for (int64_t k = 0; k < packed.K; ++k) {
      const auto row = static_cast<size_t>(k);
      for (int64_t i = packed.row_offsets[row]; i < packed.row_offsets[row + 1]; ++i) {
        to[k * packed.N + packed.column_indices[static_cast<size_t>(i)]] = from[i];
      }
    }
  });
  return dense;
}

void validate(const CsrMatrix& packed) {
  constexpr const char* kFormat = "csr";
  check_shape(packed.K, packed.N, kFormat);
  expect_count(kFormat, "row_offsets", static_cast<int64_t>(packed.row_offsets.size()),
               packed.K + 1);
  const auto nnz = static_cast<int64_t>(packed.column_indices.size());
  expect_count(kFormat, "values", packed.values.count(), nnz);
  if (packed.row_offsets.front() != 0 || packed.row_offsets.back() != nnz) {
    bad(kFormat, "row_offsets do not run from 0 to " + std::to_string(nnz));
  }
  for (int64_t k = 0; k < packed.K; ++k) {
    const int64_t begin = packed.row_offsets[static_cast<size_t>(k)];
    const int64_t end = packed.row_offsets[static_cast<size_t>(k) + 1];
    if (begin < 0 || end < begin || end > nnz) {
      bad(kFormat, "row_offsets descend at row " + std::to_string(k));
    }
    int64_t previous = -1;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = packed.column_indices[static_cast<size_t>(i)];
      if (n <= previous || n >= packed.N) {
        bad(kFormat, "row " + std::to_string(k) + " has column " + std::to_string(n) + " after " +
                         std::to_string(previous) + ", expected ascending ids below " +
                         std::to_string(packed.N));
      }
      previous = n;
    }
  }
}

}  // namespace tvw::pack
