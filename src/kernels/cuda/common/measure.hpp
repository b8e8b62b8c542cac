/// @file Time of launches, by events on the default stream.
#pragma once

#include <cstddef>
#include <functional>

namespace tvw::kernels::cuda {

/// One attempt at a sample, in microseconds.
struct Attempt {
  double submitting_us = 0.0;  ///< until the host had submitted all launches
  double running_us = 0.0;     ///< of the device
};

/// What the device needs for `repeats` launches if it never waits for the host. `attempt` keeps it
/// busy for so many microseconds before them; again for longer, up to 3 ms, if that was too short.
[[nodiscard]] double time_without_gaps(int repeats,
                                       const std::function<Attempt(double busy_us)>& attempt);

/// Microseconds of `repeats` launches back to back. The stream is kept busy while they are
/// submitted, so that the time of submitting does not count.
[[nodiscard]] double time_launches_us(const std::function<void()>& launch, int repeats);

/// Best of two times two launches, after one: to rule out what is far behind.
[[nodiscard]] double quick_time_us(const std::function<void()>& launch);

/// What `choose` finds, unless TVW_CUDA_VARIANT=k is in the environment, for checks: then the k-th
/// (modulo count), which is neither measured nor remembered.
[[nodiscard]] size_t chosen_way(size_t count, const std::function<size_t()>& choose);

/// Which of `count` (> 0) ways to launch is fastest back to back: medians over interleaved rounds.
[[nodiscard]] size_t fastest_of(size_t count, const std::function<void(size_t)>& launch);

}  // namespace tvw::kernels::cuda
