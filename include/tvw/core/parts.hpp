/// @file Cutting a number of things into parts of almost equal size.
#pragma once

#include <cstdint>

namespace tvw {

/// Into how few parts of at most `most` something can be cut.
[[nodiscard]] constexpr int64_t parts_of(int64_t count, int64_t most) {
  return (count + most - 1) / most;
}

[[nodiscard]] constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return parts_of(value, multiple) * multiple;
}

/// Where part `part` of `parts` begins, and where the one before it ends.
[[nodiscard]] constexpr int64_t part_begin(int64_t count, int64_t parts, int64_t part) {
  return count * part / parts;
}

}  // namespace tvw
