#include "kernels/cpu/panel_io.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/cpu/bf16_kernels.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr int64_t kStepFeatures = 64;
constexpr int64_t kConvertFeatures = 256;  ///< between two conversions, while they are in a cache

/// Calls do_part(first token, count) for runs of up to kVectorTokens.
template <class DoPart>
void over_vectors(int64_t tokens, const DoPart& do_part) {
  for (int64_t m = 0; m < tokens; m += kVectorTokens) {
    do_part(m, std::min(kVectorTokens, tokens - m));
  }
}

/// `count` tokens of [.][K] to [K][tokens].
void transpose_as_f32(const uint16_t* a, int64_t K, int64_t count, float* to, int64_t tokens) {
  alignas(64) float converted[kVectorTokens * kConvertFeatures];
  for (int64_t k = 0; k < K; k += kConvertFeatures) {
    const int64_t features = std::min(kConvertFeatures, K - k);
    for (int64_t m = 0; m < count; ++m) {
      bf16_to_f32(a + m * K + k, features, converted + m * kConvertFeatures);
    }
    transpose(converted, kConvertFeatures, to + k * tokens, tokens, features, count);
  }
}

/// `features`, kConvertFeatures at most or all K, of `count` tokens of [.][K] to [pairs][tokens].
/// Where K is even, what lies beside each other in A is a pair; else a copy of A has room for one
/// more feature, which is zero.
void transpose_pairs(const uint16_t* a, int64_t K, int64_t features, int64_t count, uint32_t* to,
                     int64_t tokens) {
  if (K % 2 == 0) {
    transpose(reinterpret_cast<const float*>(a), K / 2, reinterpret_cast<float*>(to), tokens,
              features / 2, count);
    return;
  }
  alignas(64) uint16_t even[kVectorTokens * kConvertFeatures];
  for (int64_t m = 0; m < count; ++m) {
    uint16_t* token = even + m * kConvertFeatures;
    std::copy_n(a + m * K, features, token);
    if (features % 2 != 0) token[features] = 0;
  }
  transpose(reinterpret_cast<const float*>(even), kConvertFeatures / 2,
            reinterpret_cast<float*>(to), tokens, (features + 1) / 2, count);
}
void transpose_pairs(const uint16_t* a, int64_t K, int64_t count, uint32_t* to, int64_t tokens) {
  const int64_t step = K % 2 == 0 ? K : kConvertFeatures;
  for (int64_t k = 0; k < K; k += step) {
    transpose_pairs(a + k, K, std::min(step, K - k), count, to + k / 2 * tokens, tokens);
  }
}

/// `count` tokens of [columns][tokens] to [.][N], two columns at a time; where N is odd, by way of
/// tokens that start at even places. REQUIRES: columns <= kStepFeatures, and even if N is
void transpose_results(const uint16_t* results, int64_t tokens, int64_t count, int64_t columns,
                       uint16_t* c, int64_t N) {
  constexpr int64_t kStepPairs = kStepFeatures / 2;
  alignas(64) uint32_t pairs[kStepPairs * kVectorTokens];
  interleave_rows(results, tokens, columns / 2, kVectorTokens, pairs, kVectorTokens);
  const auto to_tokens = [&](void* to, int64_t ld) {
    transpose(reinterpret_cast<const float*>(pairs), kVectorTokens, static_cast<float*>(to), ld,
              count, columns / 2);
  };
  if (N % 2 == 0) return to_tokens(c, N / 2);
  alignas(64) uint32_t even[kVectorTokens * kStepPairs];
  to_tokens(even, kStepPairs);
  for (int64_t m = 0; m < count; ++m) {
    std::memcpy(c + m * N, even + m * kStepPairs,
                static_cast<size_t>(columns / 2) * sizeof(uint32_t));
    if (columns % 2 != 0) c[m * N + columns - 1] = results[(columns - 1) * tokens + m];
  }
}

}  // namespace

bool lie_in_a(const Problem& problem, std::span<const TokenBlock> blocks) {
  const int64_t A_bytes = problem.M * problem.shape().K * int64_t{sizeof(float)};
  return problem.layout == Layout::kFeatureMajor && problem.dtype == DType::kF32 &&
         A_bytes < kCodeReach &&
         std::ranges::all_of(blocks, [](const TokenBlock& b) { return b.lead() <= b.begin; });
}

int64_t results_stride(const Problem& problem, int64_t tokens) {
  return problem.layout == Layout::kTokenMajor ? tokens : problem.M;
}

PanelIo::PanelIo(const Problem& problem, PanelRows rows, int64_t tokens)
    : M_(problem.M),
      K_(problem.shape().K),
      N_(problem.shape().N),
      token_major_(problem.layout == Layout::kTokenMajor),
      bf16_(problem.dtype == DType::kBF16),
      rows_(rows),
      tokens_(tokens),
      results_stride_(results_stride(problem, tokens)) {}

int64_t PanelIo::pack_steps() const {
  if (token_major_ && rows_ == PanelRows::kBf16Halves) return 1;
  return token_major_ ? tokens_ / kVectorTokens : parts_of(K_, kStepFeatures);
}

void PanelIo::pack(const TokenBlock& block, int64_t step, const void* A, void* rows) const {
  if (!token_major_) {
    pack_features(block, step, A, rows);
  } else if (rows_ == PanelRows::kBf16Halves) {
    pack_halves(block, static_cast<const uint16_t*>(A), static_cast<uint32_t*>(rows));
  } else if (step * kVectorTokens < block.count) {
    pack_tokens(block, step * kVectorTokens, A, rows);
  }
}

void PanelIo::pack_tokens(const TokenBlock& block, int64_t m, const void* A, void* rows) const {
  const int64_t count = std::min(kVectorTokens, block.count - m);
  const int64_t first = (block.begin + m) * K_;
  if (!bf16_) {
    transpose(static_cast<const float*>(A) + first, K_, static_cast<float*>(rows) + m, tokens_, K_,
              count);
  } else if (rows_ == PanelRows::kF32) {
    transpose_as_f32(static_cast<const uint16_t*>(A) + first, K_, count,
                     static_cast<float*>(rows) + m, tokens_);
  } else {
    transpose_pairs(static_cast<const uint16_t*>(A) + first, K_, count,
                    static_cast<uint32_t*>(rows) + m, tokens_);
  }
}

void PanelIo::pack_halves(const TokenBlock& block, const uint16_t* A, uint32_t* rows) const {
  static_assert(kHalvesTokens == 2 * kVectorTokens);
  // Zeros for tokens that a vector lacks.
  alignas(64) uint32_t pairs[2][kConvertFeatures / 2 * kVectorTokens] = {};
  for (int64_t k = 0; k < K_; k += kConvertFeatures) {
    const int64_t features = std::min(kConvertFeatures, K_ - k);
    over_vectors(block.count, [&](int64_t m, int64_t count) {
      transpose_pairs(A + (block.begin + m) * K_ + k, K_, features, count, pairs[m / kVectorTokens],
                      kVectorTokens);
    });
    const bool one_vector = block.count <= kVectorTokens;
    split_pairs(pairs[0], pairs[one_vector ? 0 : 1], (features + 1) / 2,
                rows + k / 2 * kHalvesTokens);
  }
}

void PanelIo::pack_features(const TokenBlock& block, int64_t step, const void* A,
                            void* rows) const {
  const int64_t begin = step * kStepFeatures, end = std::min(K_, begin + kStepFeatures);
  if (!bf16_) {
    copy_rows(static_cast<const float*>(A) + begin * M_ + block.begin, M_,
              static_cast<float*>(rows) + begin * tokens_, tokens_, end - begin, block.count);
    return;
  }
  for (int64_t k = begin; k < end; ++k) {
    const int64_t from = k * M_ + block.begin;
    if (rows_ == PanelRows::kF32) {
      bf16_to_f32(static_cast<const uint16_t*>(A) + from, block.count,
                  static_cast<float*>(rows) + k * tokens_);
    } else if (rows_ == PanelRows::kBf16Halves) {
      order_tokens(static_cast<const uint16_t*>(A) + from, block.count,
                   static_cast<uint16_t*>(rows) + k * kHalvesTokens);
    } else if (k % 2 == 0) {
      const auto* low = static_cast<const uint16_t*>(A) + from;
      auto* to = static_cast<uint32_t*>(rows) + k / 2 * tokens_;
      if (k + 1 < K_) {
        interleave_rows(low, M_, 1, block.count, to, 0);
      } else {
        std::copy_n(low, block.count, to);
      }
    }
  }
}

void PanelIo::store(const TokenBlock& block, std::span<const int64_t> places, const float* sums,
                    void* results, void* C) const {
  if (bf16_) {
    auto* const first = first_place<uint16_t>(block, results, C);
    std::array<uint16_t*, kMostTileColumns> rows;
    for (size_t i = 0; i < places.size(); ++i) rows[i] = first + places[i];
    f32_rows_to_bf16(sums, tokens_, block.count, std::span(rows).first(places.size()));
    return;
  }
  auto* const first = first_place<float>(block, results, C);
  for (const int64_t place : places) {
    std::copy_n(sums, block.count, first + place);
    sums += tokens_;
  }
}

void PanelIo::load(const TokenBlock& block, std::span<const int64_t> places, const void* results,
                   const void* C, float* sums) const {
  for (const int64_t place : places) {
    if (bf16_) {
      bf16_to_f32(first_place<const uint16_t>(block, results, C) + place, block.count, sums);
    } else {
      std::copy_n(first_place<const float>(block, results, C) + place, block.count, sums);
    }
    sums += tokens_;
  }
}

int64_t PanelIo::unpack_steps() const { return token_major_ ? parts_of(N_, kStepFeatures) : 0; }

int64_t PanelIo::results_bytes() const { return token_major_ ? N_ * tokens_ * (bf16_ ? 2 : 4) : 0; }

void PanelIo::pack_results(const TokenBlock& block, int64_t step, const void* C,
                           void* results) const {
  const int64_t n = step * kStepFeatures, columns = std::min(kStepFeatures, N_ - n);
  over_vectors(block.count, [&](int64_t m, int64_t count) {
    const int64_t from = (block.begin + m) * N_ + n, to = n * tokens_ + m;
    if (!bf16_) {
      transpose(static_cast<const float*>(C) + from, N_, static_cast<float*>(results) + to, tokens_,
                columns, count);
      return;
    }
    for (int64_t i = 0; i < columns; ++i) {
      for (int64_t t = 0; t < count; ++t) {
        static_cast<uint16_t*>(results)[to + i * tokens_ + t] =
            static_cast<const uint16_t*>(C)[from + t * N_ + i];
      }
    }
  });
}

void PanelIo::unpack(const TokenBlock& block, int64_t step, const void* results, void* C) const {
  const int64_t n = step * kStepFeatures, columns = std::min(kStepFeatures, N_ - n);
  over_vectors(block.count, [&](int64_t m, int64_t count) {
    const int64_t from = n * tokens_ + m, to = (block.begin + m) * N_ + n;
    if (bf16_) {
      transpose_results(static_cast<const uint16_t*>(results) + from, tokens_, count, columns,
                        static_cast<uint16_t*>(C) + to, N_);
    } else {
      transpose(static_cast<const float*>(results) + from, tokens_, static_cast<float*>(C) + to, N_,
                count, columns);
    }
  });
}

}  // namespace tvw::kernels::cpu
