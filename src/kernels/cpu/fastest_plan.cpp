#include "kernels/cpu/fastest_plan.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "tvw/core/typed_buffer.hpp"

namespace tvw::kernels::cpu {
namespace {

constexpr size_t kRounds = 7;
constexpr double kSampleUs = 500.0;  ///< short plans run several times
constexpr double kMostRuns = 64.0;

double time_us(Plan& plan, const void* A, void* C, int runs) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) plan.run(A, C);
  const std::chrono::duration<double, std::micro> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count() / runs;
}

}  // namespace

size_t fastest_plan(const Problem& problem, std::span<const std::unique_ptr<Plan>> plans) {
  const GemmShape shape = problem.shape();
  const std::vector<float> ones(static_cast<size_t>(shape.M * shape.K), 1.0f);
  const TypedBuffer A = TypedBuffer::from_f32(problem.dtype, ones);
  TypedBuffer C(problem.dtype, shape.M * shape.N);
  const void* a = A.bytes().data();
  void* c = C.bytes().data();
  double shortest = 1e30;
  for (const auto& plan : plans) {
    plan->run(a, c);
    shortest = std::min(shortest, time_us(*plan, a, c, 1));
  }
  const int runs = static_cast<int>(std::clamp(kSampleUs / shortest, 1.0, kMostRuns));
  std::vector<std::vector<double>> samples(plans.size());
  for (size_t round = 0; round < kRounds; ++round) {
    for (size_t k = 0; k < plans.size(); ++k) {
      const size_t i = (k + round) % plans.size();
      samples[i].push_back(time_us(*plans[i], a, c, runs));
    }
  }
  const auto median = [](std::vector<double>& values) {
    std::ranges::nth_element(values, values.begin() + kRounds / 2);
    return values[kRounds / 2];
  };
  std::vector<double> medians;
  for (auto& list : samples) medians.push_back(median(list));
  return static_cast<size_t>(std::ranges::min_element(medians) - medians.begin());
}

}  // namespace tvw::kernels::cpu
