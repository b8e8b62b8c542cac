#include "kernels/cpu/fastest_plan.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "tvw/core/typed_buffer.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr double kSampleUs = 500.0;  ///< short plans run several times
constexpr double kMostRuns = 64.0;

}  // namespace

size_t fastest_plan(const Problem& problem, std::span<const std::unique_ptr<Plan>> plans,
                    Device& device) {
  const GemmShape shape = problem.shape();
  const std::vector<float> ones(static_cast<size_t>(shape.M * shape.K), 1.0f);
  const TypedBuffer A = TypedBuffer::from_f32(problem.dtype, ones);
  TypedBuffer C(problem.dtype, shape.M * shape.N);
  const auto time_us = [&](size_t i, int runs) {
    return device.time_us([&] { plans[i]->run(A.bytes().data(), C.bytes().data()); }, runs);
  };
  double shortest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < plans.size(); ++i) {
    (void)time_us(i, 1);
    shortest = std::min(shortest, time_us(i, 1));
  }
  const int runs = static_cast<int>(std::clamp(kSampleUs / shortest, 1.0, kMostRuns));
  return fastest_in_turns(plans.size(), [&](size_t i) { return time_us(i, runs); });
}

}  // namespace tvw::kernels::cpu
