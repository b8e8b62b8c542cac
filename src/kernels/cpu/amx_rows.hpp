/// @file Few tokens times tiles of f32, by registers of bf16: values of the next step are split
/// (split_bf16.hpp) while those of this one are multiplied.
///
/// `Registers` is AmxRegisters, or for tests what does the same without AMX.
#pragma once

#if defined(__x86_64__)
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "kernels/cpu/split_bf16.hpp"
//
#include "kernels/cpu/amx_row_weights.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/panel_kernels.hpp"
#include "kernels/cpu/row_kernels.hpp"
#include "kernels/cpu/row_tiles.hpp"

namespace tvw::kernels::cpu {

static_assert(kMostRowTokens == kAmxPairs);

/// What registers are loaded from for a step: of a group's columns [column][pair], of the rows they
/// multiply [pair][token], in parts.
struct AmxRowStep {
  alignas(64) uint32_t columns[kGroupUnits][kBf16Parts][kAmxRegisterWords];
  alignas(64) uint32_t rows[kBf16Parts][kAmxRegisterWords];
};

/// Where the weights of a group are read and what they multiply.
struct AmxRowGroup {
  const float* weights = nullptr;  ///< of a step
  const int32_t* rows = nullptr;   ///< ids, of one step more than there are
  const float* block = nullptr;    ///< as RowTask has it
  int64_t steps = 0;
};

/// Pair `pair` of a step's rows. Asks for that of the next step: while memory is waited for, what
/// is not in the L1 comes late from the L2, too.
TVW_AVX512_INLINE void split_rows(const AmxRowGroup& group, int64_t pair, AmxRowStep& to) {
  const int64_t first_row = group.rows[2 * pair], second_row = group.rows[2 * pair + 1];
  for (int64_t i = 0; i < 2; ++i) {
    const int64_t next_row = group.rows[kAmxStepRows + 2 * pair + i];
    _mm_prefetch(group.block + next_row * kMostRowTokens, _MM_HINT_T0);
  }
  const Bf16Parts first = split_bf16(group.block + first_row * kMostRowTokens);
  const Bf16Parts second = split_bf16(group.block + second_row * kMostRowTokens);
  for (int i = 0; i < kBf16Parts; ++i) {
    _mm512_store_si512(to.rows[i] + pair * kAmxPairs, bf16_pairs(first.of[i], second.of[i]));
  }
}

/// Asks for what comes after a line of weights: for the L1 soon, for the L2 long before, of which
/// only where a page of 4 KiB begins. Hardware follows a stream from there to the end of its page,
/// and more of what programs ask for than this keeps rows waiting for one of the L1's line buffers.
TVW_AVX512_INLINE void prefetch_weights(const float* line) {
  constexpr int64_t kToL1 = 2048 / sizeof(float), kToL2 = 16384 / sizeof(float);
  constexpr uintptr_t kPage = 4096, kBegin = 512;
  _mm_prefetch(line + kToL1, _MM_HINT_T0);
  const float* later = line + kToL2;
  if (reinterpret_cast<uintptr_t>(later) % kPage < kBegin) _mm_prefetch(later, _MM_HINT_T1);
}

/// By a quad's four bits in a column's word: where the bytes of its four rows are in a block of 16,
/// of two quads' weights; 0x80 for a zero.
struct AmxQuadTables {
  using Quadwords = std::array<uint64_t, 8>;     ///< of a register
  alignas(64) std::array<Quadwords, 2> bytes{};  ///< [odd][place in kPlacePairs]
  alignas(64) Quadwords shift{};                 ///< that brings a quad's bits to bit 0

  constexpr AmxQuadTables() {
    for (uint64_t quad = 0; quad < kAmxStepQuads; ++quad) shift[quad] = 4 * quad;
    for (size_t odd : {0, 1}) {
      for (size_t pair = 0; pair < kPlacePairs.size(); ++pair) {
        uint64_t& of_quad = bytes[odd][pair];
        for (size_t row = 0; row < kQuadRows; ++row) {
          uint64_t of_row = 0x8080;
          for (size_t slot = 0; slot < kAmxSlots; ++slot) {
            // The upper half of a f32.
            if (kPlacePairs[pair][slot] == row) of_row = 0x0302 + (8 * odd + 4 * slot) * 0x0101;
          }
          of_quad |= of_row << (16 * row);
        }
      }
    }
  }
};
inline constexpr AmxQuadTables kAmxQuadTables;

/// Column `column` of a unit's step.
TVW_AVX512_INLINE void split_column(const float* unit, int64_t column,
                                    uint32_t (&to)[kBf16Parts][kAmxRegisterWords]) {
  const float* weights = unit + (1 + column) * kUnitColumns;
  if (column == 0) prefetch_weights(unit);
  prefetch_weights(weights);
  const __m512i word = _mm512_castps_si512(_mm512_set1_ps(unit[column]));
  const __m512i place = _mm512_srlv_epi64(word, _mm512_load_si512(kAmxQuadTables.shift.data()));
  const __m512i bytes =
      _mm512_permutex2var_epi64(_mm512_load_si512(kAmxQuadTables.bytes[0].data()), place,
                                _mm512_load_si512(kAmxQuadTables.bytes[1].data()));
  const Bf16Parts parts = split_bf16(weights);
  for (int i = 0; i < kBf16Parts; ++i) {
    _mm512_store_si512(to[i] + column * kAmxPairs, _mm512_shuffle_epi8(parts.of[i], bytes));
  }
}

/// Columns of a group times a block of tokens. Sums of unit u are in register u, [column][token],
/// parts of rows in 4 to 6, a part of columns in 7.
template <class Registers, int kUnits>
class AmxRowProducts {
 public:
  /// All steps; then sums are in the registers.
  TVW_AVX512 static void multiply(AmxRowGroup group, AmxRowStep* steps) {
    over_units([]<int kUnit>() { Registers::template clear<kUnit>(); });
    if (group.steps == 0) return;
    split<0, kPieces>(group, steps[0]);
    for (int64_t step = 0; step < group.steps; ++step) {
      group.weights += kUnits * kAmxStepFloats;
      group.rows += kAmxStepRows;
      const bool more = step + 1 < group.steps;
      add_products(steps[step % 2], group, more, steps[(step + 1) % 2],
                   std::make_integer_sequence<int, kProducts>());
    }
  }
  /// What multiply() left in the registers, to [token][stride].
  static void store(float* to, int64_t stride, int64_t tokens) {
    over_units([&]<int kUnit>() {
      alignas(64) float sums[kAmxRegisterWords];
      Registers::template store<kUnit>(sums, kAmxPairs * sizeof(float));
      transpose(sums, kAmxPairs, to + kUnit * kUnitColumns, stride, tokens, kUnitColumns);
    });
  }

 private:
  static constexpr int kProducts = static_cast<int>(kPartProducts.size()) * kUnits;
  /// Pairs of rows, then columns, that a step has to split.
  static constexpr int kPieces = static_cast<int>(kAmxPairs + kUnits * kUnitColumns);

  template <class Visit>
  static void over_units(const Visit& visit) {
    [&]<int... kUnit>(std::integer_sequence<int, kUnit...>) {
      (visit.template operator()<kUnit>(), ...);
    }
    (std::make_integer_sequence<int, kUnits>());
  }

  template <int kFirst, int kLast>
  TVW_AVX512_INLINE static void split(const AmxRowGroup& group, AmxRowStep& to) {
    for (int piece = kFirst; piece < kLast; ++piece) {
      if (piece < kAmxPairs) {
        split_rows(group, piece, to);
      } else {
        const int64_t unit = (piece - kAmxPairs) / kUnitColumns;
        split_column(group.weights + unit * kAmxStepFloats, (piece - kAmxPairs) % kUnitColumns,
                     to.columns[unit]);
      }
    }
  }

  /// One of a step's products, unit after unit, as one that adds to the same sums has to wait; then
  /// its share of what the next step has to split.
  template <int kIndex>
  TVW_AVX512_INLINE static void add_product(const AmxRowStep& step, const AmxRowGroup& next,
                                            bool more, AmxRowStep& to) {
    constexpr int kUnit = kIndex % kUnits;
    constexpr PartProduct kParts = kPartProducts[kIndex / kUnits];
    constexpr int64_t kRowBytes = kAmxPairs * sizeof(uint32_t);
    if constexpr (kParts.i == 0 && kUnit == 0) {
      Registers::template load<4 + kParts.j>(step.rows[kParts.j], kRowBytes);
    }
    Registers::template load<7>(step.columns[kUnit][kParts.i], kRowBytes);
    Registers::template add_products<kUnit, 7, 4 + kParts.j>();
    if (more) {
      split<kIndex * kPieces / kProducts, (kIndex + 1) * kPieces / kProducts>(next, to);
    }
  }
  template <int... kIndex>
  TVW_AVX512_INLINE static void add_products(const AmxRowStep& step, const AmxRowGroup& next,
                                             bool more, AmxRowStep& to,
                                             std::integer_sequence<int, kIndex...> /*all*/) {
    (add_product<kIndex>(step, next, more, to), ...);
  }
};

template <class Registers>
class AmxRowTiles final : public RowTiles {
 public:
  explicit AmxRowTiles(AmxRowWeights weights) : weights_(std::move(weights)) {}

  [[nodiscard]] int64_t width() const override { return kMostRowTokens; }
  [[nodiscard]] const RowStore& store() const override { return weights_; }
  /// Two steps: one that is multiplied, and one that is split for it.
  [[nodiscard]] int64_t scratch_bytes(int64_t /*units*/) const override {
    return 2 * sizeof(AmxRowStep);
  }
  void multiply(const RowTile& tile, int64_t first, int64_t last, const RowTask& task,
                std::byte* scratch) const override {
    auto* const steps = reinterpret_cast<AmxRowStep*>(scratch);
    Registers::configure();
    for (int64_t unit = first; unit < last;) {
      const int64_t units = group_units(unit, tile.units());
      const AmxRowGroup group{weights_.data.data() + AmxRowWeights::group_at(tile, unit),
                              tile.rows.data(), task.block, tile.steps};
      const auto multiply = [&]<int kUnits>() {
        using Products = AmxRowProducts<Registers, kUnits>;
        Products::multiply(group, steps);
        Products::store(task.sums + unit * kUnitColumns, task.stride, task.tokens);
      };
      if (units == 4) {
        multiply.template operator()<4>();
      } else if (units == 2) {
        multiply.template operator()<2>();
      } else {
        multiply.template operator()<1>();
      }
      unit += units;
    }
    Registers::release();
  }
  [[nodiscard]] std::string isa() const override { return name(CpuIsa::kAmxBf16); }

 private:
  AmxRowWeights weights_;
};

}  // namespace tvw::kernels::cpu
#endif
