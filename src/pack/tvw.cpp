#include "tvw/pack/tvw.hpp"

#include "pack/nm_groups.hpp"
#include "pack/tile_indices.hpp"
#include "pack/words.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/pack/index2.hpp"
#include "tvw/pack/tw.hpp"

namespace tvw::pack {
namespace {

/// First value row and one past the last of tile t.
std::pair<int64_t, int64_t> value_rows(const TvwMatrix& m, int64_t t) {
  const int64_t begin = m.row_offsets[static_cast<size_t>(t)];
  const int64_t end = m.row_offsets[static_cast<size_t>(t) + 1];
  return {begin / m.nm.group * m.nm.keep, end / m.nm.group * m.nm.keep};
}

/// Calls body(position in values, k, n) for each value of tile t; k is K, or n is N, for a pad.
template <class Body>
void for_each_value(const TvwMatrix& m, int64_t t, Body&& body) {
  const int32_t* columns = m.n_index.data() + t * m.granularity;
  const auto [begin, end] = value_rows(m, t);
  for (int64_t r = begin; r < end; ++r) {
    const int64_t l0 = r / m.nm.keep * m.nm.group;
    for (int64_t g = 0; g < m.granularity; ++g) {
      const int64_t i = r * m.granularity + g;
      const int64_t l = l0 + get_index2(m.index.data(), i);
      body(i, int64_t{m.k_index[static_cast<size_t>(l)]}, int64_t{columns[g]});
    }
  }
}

void check_ratio(NmRatio nm) {
  check_packable(nm);
  if (kRowStep % nm.group != 0) {
    throw Error(ErrorCode::kUnsupported, "groups of " + std::to_string(nm.group) +
                                             " rows do not fit tiles in steps of " +
                                             std::to_string(kRowStep));
  }
}

/// The rows of the quad that starts at logical row `l0` which `mask` keeps in column n.
unsigned kept_rows(const TvwMatrix& m, const Mask& mask, int64_t l0, int64_t n) {
  unsigned kept = 0;
  for (int64_t r = 0; r < m.nm.group; ++r) {
    const int64_t k = m.k_index[static_cast<size_t>(l0 + r)];
    kept |= k != m.K && mask.kept(k, n) ? 1u << r : 0u;
  }
  return kept;
}

template <class Word>
void pack_tile(const DenseMatrix& weights, const Mask& mask, int64_t t, TvwMatrix& packed) {
  const Word* from = weights.values.words<Word>();
  Word* to = packed.values.words<Word>();
  const NmRatio nm = packed.nm;
  const auto [begin, end] = value_rows(packed, t);
  for (int64_t r0 = begin; r0 < end; r0 += nm.keep) {
    const int64_t l0 = r0 / nm.keep * nm.group;
    for (int64_t g = 0; g < packed.granularity; ++g) {
      const int64_t n = packed.n_index[static_cast<size_t>(t * packed.granularity + g)];
      const unsigned kept = n == packed.N ? 0u : kept_rows(packed, mask, l0, n);
      if (__builtin_popcount(kept) > nm.keep) {
        throw Error(ErrorCode::kPatternMismatch,
                    "tile " + std::to_string(t) + ", packed rows from " + std::to_string(l0) +
                        ", column " + std::to_string(n) + ": keeps " +
                        std::to_string(__builtin_popcount(kept)) +
                        " weights of a group, expected at most " + std::to_string(nm.keep));
      }
      const GroupSlots slots = group_slots(kept, nm);
      for (int64_t s = 0; s < nm.keep; ++s) {
        const auto slot = static_cast<size_t>(s);
        const int64_t position = (r0 + s) * packed.granularity + g;
        set_index2(packed.index.data(), position, slots.row[slot]);
        if (!slots.used[slot]) continue;
        const int64_t k = packed.k_index[static_cast<size_t>(l0 + slots.row[slot])];
        to[position] = canonical_zero(from[k * weights.N + n]);
      }
    }
  }
}

}  // namespace

TvwMatrix pack_tvw(const DenseMatrix& weights, const Mask& mask, const TileLayout& layout,
                   NmRatio nm) {
  check_same_shape(weights, mask);
  check_ratio(nm);
  TileIndices indices = make_tile_indices(mask, layout);
  TvwMatrix packed;
  packed.K = weights.K;
  packed.N = weights.N;
  packed.granularity = layout.granularity;
  packed.nm = nm;
  packed.k_index = std::move(indices.k_index);
  packed.n_index = std::move(indices.n_index);
  packed.row_offsets = std::move(indices.row_offsets);
  packed.values = TypedBuffer(weights.values.dtype(), packed.packed_rows() * packed.granularity);
  packed.index.assign(static_cast<size_t>(index2_bytes(packed.values.count())), 0);
  // A tile has kRowStep / group * keep * G indices a step: whole bytes, so tiles share none.
  with_word(weights.values.dtype(), [&](auto word) {
    parallel_for(packed.tiles(),
                 [&](int64_t t) { pack_tile<decltype(word)>(weights, mask, t, packed); });
  });
  return packed;
}

DenseMatrix unpack(const TvwMatrix& packed) {
  DenseMatrix dense = zeros(packed.K, packed.N, packed.values.dtype());
  with_word(packed.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = packed.values.words<Word>();
    Word* to = dense.values.words<Word>();
    parallel_for(packed.tiles(), [&](int64_t t) {
      for_each_value(packed, t, [&](int64_t position, int64_t k, int64_t n) {
        if (k != packed.K && n != packed.N) to[k * packed.N + n] = from[position];
      });
    });
  });
  return dense;
}

void validate(const TvwMatrix& packed) {
  constexpr const char* kFormat = "tvw";
  const NmRatio nm = packed.nm;
  if (nm.keep < 1 || nm.keep > nm.group || nm.group > kMaxGroup || kRowStep % nm.group != 0) {
    bad(kFormat, "ratio " + std::to_string(nm.keep) + ":" + std::to_string(nm.group) +
                     " has no packed form");
  }
  validate_tile_indices(kFormat, packed.K, packed.N, packed.granularity, packed.k_index,
                        packed.n_index, packed.row_offsets);
  expect_count(kFormat, "values", packed.values.count(), packed.packed_rows() * packed.granularity);
  expect_count(kFormat, "index", static_cast<int64_t>(packed.index.size()),
               index2_bytes(packed.values.count()));
  for (int64_t r = 0; r < packed.packed_rows(); ++r) {
    for (int64_t g = 0; g < packed.granularity; ++g) {
      const int64_t i = r * packed.granularity + g;
      const int row = get_index2(packed.index.data(), i);
      const int previous =
          r % nm.keep == 0 ? -1 : get_index2(packed.index.data(), i - packed.granularity);
      if (row <= previous || row >= nm.group) {
        bad(kFormat, "value row " + std::to_string(r) + ", column " + std::to_string(g) +
                         " names row " + std::to_string(row) + " of its group after " +
                         std::to_string(previous) + ", expected ascending rows below " +
                         std::to_string(nm.group));
      }
    }
  }
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
