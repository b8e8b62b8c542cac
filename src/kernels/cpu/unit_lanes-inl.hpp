/// @file A unit's columns in the lanes: what kernels of RowWeights share. For files that
/// foreach_target compiles once per instruction set, as this one then is.
#if defined(TVW_UNIT_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TVW_UNIT_LANES_INL
#undef TVW_UNIT_LANES_INL
#else
#define TVW_UNIT_LANES_INL
#endif

#include <hwy/highway.h>

#include <type_traits>

#include "kernels/cpu/row_weights.hpp"

HWY_BEFORE_NAMESPACE();
namespace tvw::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
// At most 16 lanes: a unit's columns are whole vectors.
using D = hn::CappedTag<float, kUnitColumns>;
using V = hn::Vec<D>;

constexpr int kLanes = hn::MaxLanes(D());
constexpr int kUnitVectors = static_cast<int>(kUnitColumns) / kLanes;  // of a unit

/// AVX-512 and NEON have 32 registers, the others 16.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON;
/// Units that are worked on together: what a token has, once broadcast, serves them all.
constexpr int kUnits = kUnitVectors == 1 ? static_cast<int>(kGroupUnits) : 1;

template <int kValue>
using Int = std::integral_constant<int, kValue>;

/// Calls block(Int<n>(), first token) for runs of kMost, then fewer.
template <int kMost, class Block>
HWY_INLINE void over_tokens(int64_t tokens, const Block& block, int64_t first = 0) {
  for (; first + kMost <= tokens; first += kMost) block(Int<kMost>(), first);
  if constexpr (kMost > 1) over_tokens<kMost / 2>(tokens, block, first);
}

}  // namespace tvw::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // TVW_UNIT_LANES_INL
