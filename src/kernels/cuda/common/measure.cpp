#include "kernels/cuda/common/measure.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "kernels/cuda/common/check.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cuda {
namespace {

constexpr double kSubmitUs = 5.0;      ///< of one launch, at most
constexpr double kMostWaitUs = 300.0;  ///< queues hold about a thousand launches
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

double time_launches_us(const std::function<void()>& launch, int repeats) {
  static const Event begin, end;
  launch_wait(std::min(kMostWaitUs, 10.0 + kSubmitUs * repeats));
  TVW_CUDA(cudaEventRecord(begin.get()));
  for (int i = 0; i < repeats; ++i) launch();
  TVW_CUDA(cudaEventRecord(end.get()));
  TVW_CUDA(cudaEventSynchronize(end.get()));
  float milliseconds = 0.0f;
  TVW_CUDA(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()));
  return 1e3 * static_cast<double>(milliseconds);
}

double quick_time_us(const std::function<void()>& launch) {
  double best = time_launches_us(launch, 1);
  best = time_launches_us(launch, 2);
  for (int trial = 0; trial < 2; ++trial) best = std::min(best, time_launches_us(launch, 2));
  return best / 2;
}

size_t fastest_of(size_t count, const std::function<void(size_t)>& launch) {
  if (count == 1) return 0;
  if (const char* forced = std::getenv("TVW_CUDA_VARIANT")) {
    return std::strtoull(forced, nullptr, 10) % count;
  }
  double shortest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < count; ++i) {
    shortest = std::min(shortest, quick_time_us([&] { launch(i); }));
  }
  const int repeats = static_cast<int>(std::clamp(kSampleUs / shortest, 2.0, 16.0));
  return fastest_in_turns(count,
                          [&](size_t i) { return time_launches_us([&] { launch(i); }, repeats); });
}

}  // namespace tvw::kernels::cuda
