/// @file The measuring loop: fair to every contestant, knows nothing of what it times.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tvw/bench/request.hpp"
#include "tvw/bench/stopping.hpp"
#include "tvw/kernels/device.hpp"

namespace tvw::bench {

struct Timed {
  std::string name;  ///< for messages
  std::function<void()> launch;
  int repeats = 1;                 ///< out: runs per sample
  std::vector<double> samples_us;  ///< out: per run; sample i of all contestants is from round i
  /// Cold: runs after which the operands are out of the cache by themselves, as `launch` goes
  /// through copies; 0: the cache must be flushed.
  int rotation = 0;
  /// Cold by a flush: what then runs untimed, to bring back what is not meant to be cold; or empty.
  std::function<void()> after_flush = nullptr;
  /// Out: why it was not timed to the end; it then has no samples.
  std::string failure = {};
};

/// Rounds of one sample each; round r starts with contestant r mod n. Cold: cache flushed, one run,
/// or one rotation.
/// Hot: one untimed run, then `repeats` runs that last min_sample_us together.
/// Who fails (a time that is 0, negative, NaN or Inf is a failure, too) leaves, the others go on.
void time_interleaved(kernels::Device& device, std::span<Timed> contestants, CacheState cache,
                      const StoppingRule& rule, double min_sample_us);

}  // namespace tvw::bench
