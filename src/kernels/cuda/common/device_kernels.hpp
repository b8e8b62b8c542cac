/// @file Small kernels around the product: layouts, cache, waiting. Launched on the default stream.
#pragma once

#include <cstdint>

namespace tvw::kernels::cuda {

/// 16-bit elements: to[c, r] = from[r, c]; rows [from_ld], [to_ld] elements apart. `to` has `to_ld`
/// columns, of which those from `rows` on become 0.
void launch_transpose(const uint16_t* from, int64_t from_ld, uint16_t* to, int64_t to_ld,
                      int64_t rows, int64_t cols);
/// 16-bit elements: rows copied between two pitches; what a longer `to` row has behind is 0.
void launch_repitch(const uint16_t* from, int64_t from_ld, uint16_t* to, int64_t to_ld,
                    int64_t rows);
/// Values of about N(0, 1), the same for the same seed. 16-bit floats of either type.
void launch_fill(uint16_t* to, int64_t count, bool bf16, uint64_t seed);
/// Reads `bytes` of memory, so that the L2 holds clean lines of them and nothing else.
void launch_read(const uint8_t* from, int64_t bytes, uint32_t* sink);
/// Occupies the stream for about `microseconds`, so that launches behind it queue up.
void launch_wait(double microseconds);

}  // namespace tvw::kernels::cuda
