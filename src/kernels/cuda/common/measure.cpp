#include "kernels/cuda/common/measure.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr double kSubmitUs = 5.0;    ///< of one launch, as a rule; some libraries' take 9
constexpr double kMostBusyUs = 3e3;  ///< by then a queue is full (about a thousand launches)
constexpr double kSampleUs = 200.0;

class Event {
 public:
  Event() { TVW_CUDA(cudaEventCreate(&event_)); }
  ~Event() { (void)cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  [[nodiscard]] cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace

double time_without_gaps(int repeats, const std::function<Attempt(double busy_us)>& attempt) {
  double busy_us = std::min(kMostBusyUs, 10.0 + kSubmitUs * repeats);
  for (;;) {
    const Attempt took = attempt(busy_us);
    const bool in_time = took.submitting_us <= busy_us;
    const bool host_is_ahead = took.submitting_us <= took.running_us;
    if (in_time || host_is_ahead || busy_us >= kMostBusyUs) return took.running_us;
    busy_us = std::min(kMostBusyUs, 1.5 * took.submitting_us);
  }
}

double time_launches_us(const std::function<void()>& launch, int repeats) {
  const Event begin, end;
  using Clock = std::chrono::steady_clock;
  return time_without_gaps(repeats, [&](double busy_us) {
    const Clock::time_point start = Clock::now();
    launch_wait(busy_us);
    TVW_CUDA(cudaEventRecord(begin.get()));
    for (int i = 0; i < repeats; ++i) launch();
    TVW_CUDA(cudaEventRecord(end.get()));
    const std::chrono::duration<double, std::micro> submitting = Clock::now() - start;
    TVW_CUDA(cudaEventSynchronize(end.get()));
    float milliseconds = 0.0f;
    TVW_CUDA(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()));
    return Attempt{submitting.count(), 1e3 * static_cast<double>(milliseconds)};
  });
}

double quick_time_us(const std::function<void()>& launch) {
  double best = time_launches_us(launch, 1);
  best = time_launches_us(launch, 2);
  for (int trial = 0; trial < 2; ++trial) best = std::min(best, time_launches_us(launch, 2));
  return best / 2;
}

size_t chosen_way(size_t count, const std::function<size_t()>& choose) {
  const char* forced = std::getenv("TVW_CUDA_VARIANT");
  return forced != nullptr ? std::strtoull(forced, nullptr, 10) % count : choose();
}

size_t fastest_of(size_t count, const std::function<void(size_t)>& launch) {
  if (count == 1) return 0;
  double shortest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < count; ++i) {
    shortest = std::min(shortest, quick_time_us([&] { launch(i); }));
  }
  const int repeats = static_cast<int>(std::clamp(kSampleUs / shortest, 2.0, 16.0));
  return fastest_in_turns(count,
                          [&](size_t i) { return time_launches_us([&] { launch(i); }, repeats); });
}

}  // namespace tvw::kernels::cuda
