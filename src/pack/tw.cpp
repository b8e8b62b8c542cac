#include "tvw/pack/tw.hpp"

#include "pack/tile_indices.hpp"
#include "pack/words.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::pack {
namespace {

/// Calls body(position in values, k, n) for each value of tile t; k is K, or n is N, for a pad.
template <class Body>
void for_each_value(const TwMatrix& m, int64_t t, Body&& body) {
  const int32_t* columns = m.n_index.data() + t * m.granularity;
  for (int64_t r = m.row_offsets[static_cast<size_t>(t)];
       r < m.row_offsets[static_cast<size_t>(t) + 1]; ++r) {
    const int64_t k = m.k_index[static_cast<size_t>(r)];
    for (int64_t g = 0; g < m.granularity; ++g) {
      body(r * m.granularity + g, k, int64_t{columns[g]});
    }
  }
}

/// As for_each_value, without pads.
template <class Body>
void for_each_element(const TwMatrix& m, int64_t t, Body&& body) {
  for_each_value(m, t, [&](int64_t position, int64_t k, int64_t n) {
    if (k != m.K && n != m.N) body(position, k, n);
  });
}

}  // namespace

TwMatrix pack_tw(const DenseMatrix& weights, const Mask& mask, const TileLayout& layout) {
  check_same_shape(weights, mask);
  TileIndices indices = make_tile_indices(mask, layout);
  TwMatrix packed;
  packed.K = weights.K;
  packed.N = weights.N;
  packed.granularity = layout.granularity;
  packed.k_index = std::move(indices.k_index);
  packed.n_index = std::move(indices.n_index);
  packed.row_offsets = std::move(indices.row_offsets);
  packed.values = TypedBuffer(weights.values.dtype(), packed.packed_rows() * packed.granularity);
  with_word(weights.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = weights.values.words<Word>();
    Word* to = packed.values.words<Word>();
    parallel_for(packed.tiles(), [&](int64_t t) {
      for_each_element(packed, t, [&](int64_t position, int64_t k, int64_t n) {
        if (mask.kept(k, n)) to[position] = canonical_zero(from[k * weights.N + n]);
      });
    });
  });
  return packed;
}

DenseMatrix unpack(const TwMatrix& packed) {
  DenseMatrix dense = zeros(packed.K, packed.N, packed.values.dtype());
  with_word(packed.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = packed.values.words<Word>();
    Word* to = dense.values.words<Word>();
    parallel_for(packed.tiles(), [&](int64_t t) {
      for_each_element(packed, t, [&](int64_t position, int64_t k, int64_t n) {
        to[k * packed.N + n] = from[position];
      });
    });
  });
  return dense;
}

void validate(const TwMatrix& packed) {
  constexpr const char* kFormat = "tw";
  validate_tile_indices(kFormat, packed.K, packed.N, packed.granularity, packed.k_index,
                        packed.n_index, packed.row_offsets);
  expect_count(kFormat, "values", packed.values.count(), packed.packed_rows() * packed.granularity);
  with_word(packed.values.dtype(), [&](auto word) {
    const auto* values = packed.values.words<decltype(word)>();
    parallel_for(packed.tiles(), [&](int64_t t) {
      for_each_value(packed, t, [&](int64_t position, int64_t k, int64_t n) {
        if (k == packed.K || n == packed.N) expect_zero(kFormat, values, position);
      });
    });
  });
}

}  // namespace tvw::pack
