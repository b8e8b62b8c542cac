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

/// From begin to end - 1.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  [[nodiscard]] constexpr int64_t count() const { return end - begin; }
};
/// Part `part` of `parts` of 0 to count - 1.
[[nodiscard]] constexpr Range part_of(int64_t count, int64_t parts, int64_t part) {
  return {count * part / parts, count * (part + 1) / parts};
}

}  // namespace tvw
