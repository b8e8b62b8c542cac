#include "kernels/cpu/column_order.hpp"

#include <algorithm>
#include <span>

#include "tvw/kernels/cpu_isa.hpp"

// This file is compiled once per instruction set; foreach_target includes it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/column_order.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

#if HWY_TARGET <= HWY_AVX3
/// The lines of kTokens tokens, which share what a step is read for.
template <int kTokens>
HWY_INLINE void place_lines(std::span<const ColumnOrder::Step> steps,
                            const ColumnOrder::Block& block, const float* plus, int64_t count) {
  auto step = steps.begin();
  for (int64_t n = 0; n < count; n += ColumnOrder::kLine) {
    const int64_t left = std::min<int64_t>(count - n, ColumnOrder::kLine);
    const auto columns = static_cast<__mmask16>((1u << left) - 1);
    __m512 lines[kTokens];
    lines[0] = _mm512_maskz_loadu_ps(columns, plus + n);
    for (int t = 1; t < kTokens; ++t) lines[t] = lines[0];
    for (int t = 0; t < kTokens; ++t) {
      __builtin_prefetch(block.to + (kTokens + t) * block.to_ld + n, /*rw=*/1, /*locality=*/3);
    }
    for (bool ends = false; !ends; ++step) {
      const __m512i from = _mm512_load_si512(step->from.data());
      const auto taken = static_cast<__mmask16>(step->columns);
      for (int t = 0; t < kTokens; ++t) {
        const float* of_token = block.results + t * block.results_ld;
        const __m512 both = _mm512_permutex2var_ps(_mm512_load_ps(of_token + step->low), from,
                                                   _mm512_load_ps(of_token + step->high));
        lines[t] = _mm512_mask_add_ps(lines[t], taken, lines[t], both);
      }
      ends = step->ends != 0;
    }
    for (int t = 0; t < kTokens; ++t) {
      _mm512_mask_storeu_ps(block.to + t * block.to_ld + n, columns, lines[t]);
    }
  }
}
#endif

void place_tokens([[maybe_unused]] std::span<const ColumnOrder::Step> steps,
                  [[maybe_unused]] ColumnOrder::Block block, [[maybe_unused]] const float* plus,
                  [[maybe_unused]] int64_t count) {
#if HWY_TARGET <= HWY_AVX3
  constexpr int kTokens = 6;
  const auto next = [&](int64_t done) {
    block.results += done * block.results_ld;
    block.to += done * block.to_ld;
    block.tokens -= done;
  };
  for (; block.tokens >= kTokens; next(kTokens)) place_lines<kTokens>(steps, block, plus, count);
  for (; block.tokens > 0; next(1)) place_lines<1>(steps, block, plus, count);
#endif
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tvw::kernels::cpu {

HWY_EXPORT(place_tokens);

ColumnOrder::ColumnOrder(std::vector<int32_t> places) : places_(std::move(places)) {
  const auto count = std::ssize(places_);
  identity_ = true;
  for (int64_t n = 0; n < count; ++n) identity_ &= places_[static_cast<size_t>(n)] == n;
  if (cpu_isa() < CpuIsa::kAvx512) return;
  for (int64_t n = 0; n < count; n += kLine) add_line(n);
}

void ColumnOrder::add_line(int64_t first) {
  const auto columns = static_cast<size_t>(std::min<int64_t>(kLine, std::ssize(places_) - first));
  const auto line = std::span(places_).subspan(static_cast<size_t>(first), columns);
  std::vector<int32_t> runs;  // where they begin
  for (const int32_t place : line) runs.push_back(place / kLine * kLine);
  std::ranges::sort(runs);
  runs.erase(std::ranges::unique(runs).begin(), runs.end());
  for (size_t run = 0; run < runs.size(); run += 2) {
    Step step;
    step.low = runs[run];
    step.high = run + 1 < runs.size() ? runs[run + 1] : step.low;
    for (size_t i = 0; i < columns; ++i) {
      const int32_t low = line[i] - step.low, high = line[i] - step.high;
      const bool in_low = low >= 0 && low < kLine;
      if (!in_low && (high < 0 || high >= kLine)) continue;
      step.from[i] = in_low ? low : kLine + high;
      step.columns |= 1u << i;
    }
    steps_.push_back(step);
  }
  steps_.back().ends = 1;
}

void ColumnOrder::place(Block block, const float* plus) const {
  const auto count = std::ssize(places_);
  if (!steps_.empty()) {
    HWY_DYNAMIC_DISPATCH(place_tokens)(steps_, block, plus, count);
    return;
  }
  for (; block.tokens > 0; --block.tokens) {
    for (int64_t n = 0; n < count; ++n) {
      block.to[n] = block.results[places_[static_cast<size_t>(n)]] + plus[n];
    }
    block.results += block.results_ld;
    block.to += block.to_ld;
  }
}

}  // namespace tvw::kernels::cpu
#endif  // HWY_ONCE
