#include "tvw/pack/nm.hpp"

#include "pack/nm_groups.hpp"
#include "pack/words.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/pack/index2.hpp"

namespace tvw::pack {

bool is_packable(NmRatio nm) {
  return nm.keep >= 1 && nm.keep <= nm.group && nm.group <= kMaxGroup;
}

void check_packable(NmRatio nm) {
  if (is_packable(nm)) return;
  throw Error(ErrorCode::kUnsupported, std::to_string(nm.keep) + ":" + std::to_string(nm.group) +
                                           " has no packed form, expected groups of up to " +
                                           std::to_string(kMaxGroup) +
                                           " rows; --emit masked writes it");
}

NmMatrix pack_nm(const DenseMatrix& weights, const Mask& mask, NmRatio nm) {
  check_same_shape(weights, mask);
  check_packable(nm);
  NmMatrix packed;
  packed.K = weights.K;
  packed.N = weights.N;
  packed.nm = nm;
  packed.values = TypedBuffer(weights.values.dtype(), packed.packed_rows() * packed.N);
  packed.index.assign(static_cast<size_t>(index2_bytes(packed.values.count())), 0);
  with_word(weights.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = weights.values.words<Word>();
    Word* to = packed.values.words<Word>();
    for (int64_t k0 = 0, r0 = 0; k0 < weights.K; k0 += nm.group, r0 += nm.keep) {
      for (int64_t n = 0; n < weights.N; ++n) {
        unsigned kept = 0;
        for (int64_t r = 0; r < nm.group && k0 + r < weights.K; ++r) {
          kept |= mask.kept(k0 + r, n) ? 1u << r : 0u;
        }
        if (__builtin_popcount(kept) > nm.keep) {
          throw Error(ErrorCode::kPatternMismatch,
                      "rows " + std::to_string(k0) + " to " + std::to_string(k0 + nm.group - 1) +
                          " of column " + std::to_string(n) + " keep " +
                          std::to_string(__builtin_popcount(kept)) + " weights, expected at most " +
                          std::to_string(nm.keep));
        }
        const GroupSlots slots = group_slots(kept, nm);
        for (int64_t s = 0; s < nm.keep; ++s) {
          const auto slot = static_cast<size_t>(s);
          const int64_t position = (r0 + s) * weights.N + n;
          set_index2(packed.index.data(), position, slots.row[slot]);
          if (slots.used[slot]) {
            to[position] = canonical_zero(from[(k0 + slots.row[slot]) * weights.N + n]);
          }
        }
      }
    }
  });
  return packed;
}

DenseMatrix unpack(const NmMatrix& packed) {
  DenseMatrix dense = zeros(packed.K, packed.N, packed.values.dtype());
  with_word(packed.values.dtype(), [&](auto word) {
    using Word = decltype(word);
    const Word* from = packed.values.words<Word>();
    Word* to = dense.values.words<Word>();
    parallel_for(packed.packed_rows(), [&](int64_t r) {
      // Rows of a group write different elements, so they may run at the same time.
      for (int64_t n = 0; n < packed.N; ++n) {
        const int64_t i = r * packed.N + n;
        const int64_t k = r / packed.nm.keep * packed.nm.group + get_index2(packed.index.data(), i);
        if (k < packed.K) to[k * packed.N + n] = from[i];
      }
    });
  });
  return dense;
}

void validate(const NmMatrix& packed) {
  constexpr const char* kFormat = "nm";
  check_shape(packed.K, packed.N, kFormat);
  const NmRatio nm = packed.nm;
  if (nm.keep < 1 || nm.keep > nm.group || nm.group > kMaxGroup) {
    bad(kFormat, "ratio " + std::to_string(nm.keep) + ":" + std::to_string(nm.group) +
                     " has no packed form");
  }
  expect_count(kFormat, "values", packed.values.count(), packed.packed_rows() * packed.N);
  expect_count(kFormat, "index", static_cast<int64_t>(packed.index.size()),
               index2_bytes(packed.values.count()));
  for (int64_t r = 0; r < packed.packed_rows(); ++r) {
    for (int64_t n = 0; n < packed.N; ++n) {
      const int64_t i = r * packed.N + n;
      const int row = get_index2(packed.index.data(), i);
      const bool first = r % nm.keep == 0;
      const int previous = first ? -1 : get_index2(packed.index.data(), i - packed.N);
      if (row <= previous || row >= nm.group) {
        bad(kFormat, "packed row " + std::to_string(r) + ", column " + std::to_string(n) +
                         " names row " + std::to_string(row) + " of its group after " +
                         std::to_string(previous) + ", expected ascending rows below " +
                         std::to_string(nm.group));
      }
    }
  }
  with_word(packed.values.dtype(), [&](auto word) {
    const auto* values = packed.values.words<decltype(word)>();
    for (int64_t r = 0; r < packed.packed_rows(); ++r) {
      for (int64_t n = 0; n < packed.N; ++n) {
        const int64_t i = r * packed.N + n;
        const int64_t k = r / nm.keep * nm.group + get_index2(packed.index.data(), i);
        if (k >= packed.K) expect_zero(kFormat, values, i);
      }
    }
  });
}

}  // namespace tvw::pack
