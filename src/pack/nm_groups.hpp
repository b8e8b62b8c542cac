/// @file The common part of N:M and TVW: the rows that one group of one column keeps.
#pragma once

#include <array>
#include <cstdint>

#include "tvw/core/pattern_spec.hpp"

namespace tvw::pack {

inline constexpr int64_t kMaxGroup = 4;  ///< what 2 bits can name

/// Slots 0..keep-1 of a group: which of its rows each one names, ascending, and whether it holds a
/// weight. A group that keeps fewer than `keep` rows fills up with its lowest unused ones.
struct GroupSlots {
  std::array<int, kMaxGroup> row{};
  std::array<bool, kMaxGroup> used{};
};

/// Bit r of `kept` says that row r of the group is kept. REQUIRES: at most nm.keep bits are set.
[[nodiscard]] inline GroupSlots group_slots(unsigned kept, NmRatio nm) {
  unsigned named = kept;
  int missing = static_cast<int>(nm.keep) - __builtin_popcount(kept);
  for (int r = 0; r < nm.group && missing > 0; ++r) {
    if ((named >> r) & 1u) continue;
    named |= 1u << r;
    --missing;
  }
  GroupSlots slots;
  int slot = 0;
  for (int r = 0; r < nm.group; ++r) {
    if (((named >> r) & 1u) == 0) continue;
    slots.row[static_cast<size_t>(slot)] = r;
    slots.used[static_cast<size_t>(slot)] = ((kept >> r) & 1u) != 0;
    ++slot;
  }
  return slots;
}

/// A ratio that has a packed form.
/// @throws Error kUnsupported
void check_packable(NmRatio nm);

}  // namespace tvw::pack
