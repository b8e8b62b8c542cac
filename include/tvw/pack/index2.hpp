/// @file 2-bit indices in canonical order: four to a byte, the first in the lowest bits.
#pragma once

#include <cstdint>
#include <vector>

namespace tvw::pack {

[[nodiscard]] inline int64_t index2_bytes(int64_t count) { return (count + 3) / 4; }
[[nodiscard]] inline int get_index2(const uint8_t* packed, int64_t i) {
  return (packed[i >> 2] >> (2 * (i & 3))) & 3;
}
/// REQUIRES: the two bits at i are 0.
inline void set_index2(uint8_t* packed, int64_t i, int value) {
  packed[i >> 2] = static_cast<uint8_t>(packed[i >> 2] | (value << (2 * (i & 3))));
}

}  // namespace tvw::pack
