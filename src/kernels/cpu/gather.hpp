/// @file Values from scattered places.
#pragma once

#include <cstdint>

namespace tvw::kernels::cpu {

/// to[i] = from[at[i]] + plus[i], i < count. REQUIRES: `to` overlaps nothing else
using GatherAndAdd = void (*)(const float* from, const int32_t* at, const float* plus,
                              int64_t count, float* to);

/// The fastest one here.
[[nodiscard]] GatherAndAdd gather_and_add();

}  // namespace tvw::kernels::cpu
