#include "kernels/cpu/bf16_kernels.hpp"

#include <hwy/highway.h>

#include <cstring>
#include <type_traits>

#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "kernels/cpu/panel_weights.hpp"

#if HWY_ARCH_X86
// GCC takes the "undefined" vectors in its own header for a mistake (bug 105593).
#if HWY_COMPILER_GCC_ACTUAL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if HWY_COMPILER_GCC_ACTUAL
#pragma GCC diagnostic pop
#endif

// Highway's bf16 is not the instruction on every version that we build with.
HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
#define TVW_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace tvw::kernels::cpu {
namespace {

using Bf16 = __m512bh;

template <int kValue>
using Int = std::integral_constant<int, kValue>;

HWY_INLINE __m512i load(const void* from) { return _mm512_load_si512(from); }

HWY_INLINE __m512 add_product(__m512 sum, __m512i weights, __m512i pairs) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<Bf16>(weights), reinterpret_cast<Bf16>(pairs));
}

template <int kCount>
HWY_INLINE void store(const __m512 (&sums)[kCount], float* to) {
  for (int v = 0; v < kCount; ++v) _mm512_storeu_ps(to + v * kVectorTokens, sums[v]);
}
template <int kCount>
HWY_INLINE void store_rounded(const __m512 (&sums)[kCount], uint16_t* to) {
  for (int v = 0; v < kCount; ++v) {
    const auto bits = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(sums[v]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + v * kVectorTokens), bits);
  }
}

/// Calls block(Int<rest>(), first token) with rest = 1 to kMost.
template <int kMost, class Block>
HWY_INLINE void with_count(int64_t rest, int64_t begin, const Block& block) {
  if (rest == kMost) {
    block(Int<kMost>(), begin);
  } else if constexpr (kMost > 1) {
    with_count<kMost - 1>(rest, begin, block);
  }
}

/// Calls block(Int<n>(), first token) for runs of kMost vectors and what is left.
template <int kMost, class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block) {
  constexpr int64_t kRun = kMost * kVectorTokens;
  int64_t begin = 0;
  for (; begin + kRun <= tokens; begin += kRun) block(Int<kMost>(), begin);
  if (begin < tokens) with_count<kMost>((tokens - begin) / kVectorTokens, begin, block);
}

// --- Pairs of each column's own -----------------------------------------------------------------

template <int kCount>
HWY_INLINE void add_products(const char* base, size_t offset, __m512i weights,
                             __m512 (&sums)[kCount]) {
  const auto* pairs = reinterpret_cast<const uint32_t*>(base + offset);
  for (int v = 0; v < kCount; ++v) {
    sums[v] = add_product(sums[v], weights, load(pairs + v * kVectorTokens));
  }
}

/// Every other entry goes to sums of its own, so that fewer wait for the one before.
template <int kCount>
HWY_INLINE void own_pairs_column(const char* base, const uint32_t* weights, const uint16_t* offsets,
                                 int64_t count, __m512 (&sums)[kCount]) {
  __m512 odd[kCount];
  for (int v = 0; v < kCount; ++v) odd[v] = _mm512_setzero_ps();
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m128i packed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + i));
    const __m512i four = _mm512_broadcast_i32x4(packed);  // one load for four pairs of weights
    uint64_t places;                                      // one load for their four places
    std::memcpy(&places, offsets + i, sizeof places);
    add_products(base, places & 0xFFFF, _mm512_shuffle_epi32(four, _MM_PERM_AAAA), sums);
    add_products(base, places >> 16 & 0xFFFF, _mm512_shuffle_epi32(four, _MM_PERM_BBBB), odd);
    add_products(base, places >> 32 & 0xFFFF, _mm512_shuffle_epi32(four, _MM_PERM_CCCC), sums);
    add_products(base, places >> 48, _mm512_shuffle_epi32(four, _MM_PERM_DDDD), odd);
  }
  for (; i < count; ++i) {
    add_products(base, offsets[i], _mm512_set1_epi32(static_cast<int>(weights[i])), sums);
  }
  for (int v = 0; v < kCount; ++v) sums[v] = _mm512_add_ps(sums[v], odd[v]);
}

// --- Pairs that columns share -------------------------------------------------------------------

template <int kCount>
HWY_INLINE void shared_pairs_group(const PairRows& rows, const uint32_t* weights, int64_t count,
                                   int64_t column, int64_t begin) {
  __m512 sums[kGroupColumns][kCount];
  for (int c = 0; c < kGroupColumns; ++c) {
    for (int v = 0; v < kCount; ++v) {
      sums[c][v] = rows.to.start != nullptr
                       ? _mm512_set1_ps(rows.to.start[column + c])
                       : _mm512_loadu_ps(rows.to.sums[column + c] + begin + v * kVectorTokens);
    }
  }
  const uint32_t* pairs = rows.data + begin;
  for (int64_t i = 0; i < count; ++i, weights += kGroupColumns, pairs += rows.stride) {
    __m512i tokens[kCount];
    for (int v = 0; v < kCount; ++v) tokens[v] = load(pairs + v * kVectorTokens);
    for (int c = 0; c < kGroupColumns; ++c) {
      const __m512i weight = _mm512_set1_epi32(static_cast<int>(weights[c]));
      for (int v = 0; v < kCount; ++v) sums[c][v] = add_product(sums[c][v], weight, tokens[v]);
    }
  }
  for (int c = 0; c < kGroupColumns; ++c) {
    if (rows.to.rounded != nullptr) {
      store_rounded(sums[c], rows.to.rounded[column + c] + begin);
    } else {
      store(sums[c], rows.to.sums[column + c] + begin);
    }
  }
}

// --- Gathering ----------------------------------------------------------------------------------

/// For features of which half of their rows: words of the first row are 0 to 31, of the second 32
/// to 63.
struct alignas(64) Choice {
  uint16_t words[32];
};

constexpr Choice choose(int first_half, int second_half) {
  Choice choice{};
  for (int lane = 0; lane < 16; ++lane) {
    choice.words[2 * lane] = static_cast<uint16_t>(2 * lane + first_half);
    choice.words[2 * lane + 1] = static_cast<uint16_t>(32 + 2 * lane + second_half);
  }
  return choice;
}

constexpr Choice kChoices[2][2] = {{choose(0, 0), choose(0, 1)}, {choose(1, 0), choose(1, 1)}};

/// A feature's row of a panel, and which half of it.
struct Source {
  const uint32_t* row;
  int half;
};

HWY_INLINE Source source_of(const PairPanel& from, int32_t feature) {
  alignas(64) static constexpr uint32_t kZeros[kMostTokens] = {};
  if (feature < 0) return {kZeros, 0};
  return {from.data + feature / 2 * from.stride, feature % 2};
}

HWY_INLINE __m512i pair(__m512i first, __m512i choice, __m512i second) {
  return _mm512_permutex2var_epi16(first, choice, second);
}

/// A feature's half of a row of halves.
HWY_INLINE const uint32_t* half_of(const uint32_t* panel, int32_t feature) {
  alignas(64) static constexpr uint32_t kZeros[kHalvesTokens / 2] = {};
  return feature < 0 ? kZeros : panel + feature * (kHalvesTokens / 2);
}

template <int kVectors>
HWY_INLINE void gather_halves_of(const uint32_t* panel, std::span<const int32_t> features,
                                 uint32_t* to) {
  for (size_t i = 0; i + 2 <= features.size(); i += 2, to += kHalvesTokens) {
    const __m512i first = load(half_of(panel, features[i]));
    const __m512i second = load(half_of(panel, features[i + 1]));
    _mm512_store_si512(to, _mm512_unpacklo_epi16(first, second));
    if constexpr (kVectors > 1) {
      _mm512_store_si512(to + kVectorTokens, _mm512_unpackhi_epi16(first, second));
    }
  }
}

}  // namespace

void multiply_own_pairs(const PairRows& rows, const OwnPairs& columns) {
  const uint32_t* weights = columns.weights;
  const uint16_t* offsets = columns.offsets;
  for (int64_t c = 0; c < columns.columns; ++c) {
    const int64_t count = columns.counts[c];
    over_tokens<kMostTokens / kVectorTokens>(
        rows.to.tokens, [&](auto vectors, int64_t begin) TVW_TARGET {
          constexpr int kCount = decltype(vectors)::value;
          float* to = rows.to.sums[c] + begin;
          __m512 sums[kCount];
          for (int v = 0; v < kCount; ++v) {
            sums[v] = rows.to.start != nullptr ? _mm512_set1_ps(rows.to.start[c])
                                               : _mm512_loadu_ps(to + v * kVectorTokens);
          }
          own_pairs_column(reinterpret_cast<const char*>(rows.data + begin), weights, offsets,
                           count, sums);
          if (rows.to.rounded != nullptr) {
            store_rounded(sums, rows.to.rounded[c] + begin);
          } else {
            store(sums, to);
          }
        });
    weights += count;
    offsets += count;
  }
}

void multiply_shared_pairs(const PairRows& rows, const SharedPairs& columns) {
  const uint32_t* weights = columns.weights;
  for (int64_t group = 0; group < columns.groups; ++group) {
    // One vector is enough, as weights are multiplied by from memory.
    over_tokens<1>(rows.to.tokens, [&](auto vectors, int64_t begin) TVW_TARGET {
      shared_pairs_group<decltype(vectors)::value>(rows, weights, columns.pairs,
                                                   group * kGroupColumns, begin);
    });
    weights += columns.pairs * kGroupColumns;
  }
}

void finish_sums(const float* sums, int64_t stride, int64_t columns, const ColumnSums& results) {
  with_count<kMostVectors>(
      results.tokens / kVectorTokens, 0, [&](auto vectors, int64_t) TVW_TARGET {
        for (int64_t c = 0; c < columns; ++c, sums += stride) {
          __m512 more[decltype(vectors)::value];
          for (int v = 0; v < decltype(vectors)::value; ++v) {
            more[v] = results.start != nullptr
                          ? _mm512_set1_ps(results.start[c])
                          : _mm512_loadu_ps(results.sums[c] + v * kVectorTokens);
            more[v] = _mm512_add_ps(_mm512_load_ps(sums + v * kVectorTokens), more[v]);
          }
          if (results.rounded != nullptr) {
            store_rounded(more, results.rounded[c]);
          } else {
            store(more, results.sums[c]);
          }
        }
      });
}

void gather_quad_pairs(const PairPanel& from, std::span<const int32_t> features, uint32_t* to) {
  const int64_t stride = from.stride, tokens = from.tokens;  // `to` might alias `from` itself
  for (size_t i = 0; i + 4 <= features.size(); i += 4, to += kQuadPairs * stride) {
    Source of[4];
    for (size_t j = 0; j < 4; ++j) of[j] = source_of(from, features[i + j]);
    __m512i choices[kQuadPairs];
    for (int low = 0; low < 3; ++low) {
      for (int high = low + 1; high < 4; ++high) {
        choices[quad_pair(low, high)] = load(kChoices[of[low].half][of[high].half].words);
      }
    }
    for (int64_t t = 0; t < tokens; t += kVectorTokens) {
      __m512i rows[4];
      for (int j = 0; j < 4; ++j) rows[j] = load(of[j].row + t);
      for (int low = 0; low < 3; ++low) {
        for (int high = low + 1; high < 4; ++high) {
          const int64_t p = quad_pair(low, high);
          _mm512_store_si512(to + p * stride + t, pair(rows[low], choices[p], rows[high]));
        }
      }
    }
  }
}

void gather_pairs(const PairPanel& from, std::span<const int32_t> features, uint32_t* to) {
  for (size_t i = 0; i + 2 <= features.size(); i += 2, to += from.stride) {
    const Source first = source_of(from, features[i]), second = source_of(from, features[i + 1]);
    const __m512i choice = load(kChoices[first.half][second.half].words);
    for (int64_t t = 0; t < from.tokens; t += kVectorTokens) {
      _mm512_store_si512(to + t, pair(load(first.row + t), choice, load(second.row + t)));
    }
  }
}

void split_pairs(const uint32_t* first, const uint32_t* second, int64_t pairs, uint32_t* to) {
  const __m512i lower = _mm512_set1_epi32(0xFFFF);
  for (int64_t p = 0; p < pairs; ++p, to += kHalvesTokens) {
    const __m512i a = load(first + p * kVectorTokens), b = load(second + p * kVectorTokens);
    _mm512_store_si512(to,
                       _mm512_packus_epi32(_mm512_and_si512(a, lower), _mm512_and_si512(b, lower)));
    _mm512_store_si512(to + kVectorTokens,
                       _mm512_packus_epi32(_mm512_srli_epi32(a, 16), _mm512_srli_epi32(b, 16)));
  }
}

void order_tokens(const uint16_t* from, int64_t count, uint16_t* to) {
  const auto present = static_cast<__mmask32>((uint64_t{1} << count) - 1);
  const __m512i fours = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  const __m512i tokens = _mm512_maskz_loadu_epi16(present, from);
  _mm512_store_si512(to, _mm512_maskz_permutexvar_epi64(0xFF, fours, tokens));
}

void gather_halves(const uint32_t* panel, int64_t tokens, std::span<const int32_t> features,
                   uint32_t* to) {
  if (tokens > kVectorTokens) {
    gather_halves_of<2>(panel, features, to);
  } else {
    gather_halves_of<1>(panel, features, to);
  }
}

}  // namespace tvw::kernels::cpu

HWY_POP_ATTRIBUTES

#else

#include "tvw/core/error.hpp"

namespace tvw::kernels::cpu {
namespace {

[[noreturn]] void refuse() { throw Error(ErrorCode::kUnsupported, "AVX512_BF16 is not ARM's"); }

}  // namespace

void multiply_own_pairs(const PairRows&, const OwnPairs&) { refuse(); }
void multiply_shared_pairs(const PairRows&, const SharedPairs&) { refuse(); }
void finish_sums(const float*, int64_t, int64_t, const ColumnSums&) { refuse(); }
void gather_quad_pairs(const PairPanel&, std::span<const int32_t>, uint32_t*) { refuse(); }
void gather_pairs(const PairPanel&, std::span<const int32_t>, uint32_t*) { refuse(); }
void split_pairs(const uint32_t*, const uint32_t*, int64_t, uint32_t*) { refuse(); }
void order_tokens(const uint16_t*, int64_t, uint16_t*) { refuse(); }
void gather_halves(const uint32_t*, int64_t, std::span<const int32_t>, uint32_t*) { refuse(); }

}  // namespace tvw::kernels::cpu
#endif
