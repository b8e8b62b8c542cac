/// @file Time of launches, by events on the default stream.
#pragma once

#include <functional>

namespace tvw::kernels::cuda {

/// Microseconds of `repeats` launches back to back. The stream is kept busy while they are
/// submitted, so that the time of submitting does not count.
[[nodiscard]] double time_launches_us(const std::function<void()>& launch, int repeats);

/// Best of three times two launches, after one: to choose among variants while preparing.
[[nodiscard]] double quick_time_us(const std::function<void()>& launch);

}  // namespace tvw::kernels::cuda
