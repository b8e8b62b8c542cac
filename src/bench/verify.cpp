#include "tvw/bench/verify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string_view>

#include "bench/random_values.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::bench {
namespace {

constexpr double kCheckAllUpTo = 0x1p24;  // multiplications
constexpr int64_t kMostOfEach = 16384;

std::vector<kernels::OutputPosition> all_positions(GemmShape shape) {
  std::vector<kernels::OutputPosition> positions;
  positions.reserve(static_cast<size_t>(shape.M * shape.N));
  for (int64_t m = 0; m < shape.M; ++m) {
    for (int64_t n = 0; n < shape.N; ++n) positions.push_back({m, n});
  }
  return positions;
}

/// Id i of `count` spread over [0, extent): every id once if count == extent.
int64_t spread(int64_t i, int64_t count, int64_t extent) {
  return static_cast<int64_t>(static_cast<double>(i) * static_cast<double>(extent) /
                              static_cast<double>(count));
}

size_t fingerprint(const TypedBuffer& outputs) {
  const std::span<const std::byte> bytes = outputs.bytes();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return std::hash<std::string_view>{}({text, bytes.size()});
}

std::string number(double value) {
  std::ostringstream text;
  text.precision(3);
  text << value;
  return text.str();
}

}  // namespace

std::vector<kernels::OutputPosition> positions_to_check(GemmShape shape, uint64_t seed) {
  if (shape.dense_flops() / 2.0 <= kCheckAllUpTo) return all_positions(shape);
  const int64_t last_m = shape.M - 1;
  const int64_t last_n = shape.N - 1;
  std::vector<kernels::OutputPosition> positions = {
      {0, 0}, {0, last_n}, {last_m, 0}, {last_m, last_n}};
  uint64_t drawn = 0;
  const auto random_below = [&](int64_t extent) {
    return static_cast<int64_t>(mix(seed, drawn++) % static_cast<uint64_t>(extent));
  };
  const int64_t columns = std::min(shape.N, kMostOfEach);
  for (int64_t i = 0; i < columns; ++i) {
    positions.push_back({random_below(shape.M), spread(i, columns, shape.N)});
  }
  const int64_t rows = std::min(shape.M, kMostOfEach);
  for (int64_t i = 0; i < rows; ++i) {
    positions.push_back({spread(i, rows, shape.M), random_below(shape.N)});
  }
  return positions;
}

Verdict verify(const kernels::Problem& problem, const Launches& launches, kernels::Device& device,
               kernels::Buffer& C, std::span<const float> A_values,
               std::span<const kernels::OutputPosition> positions, std::optional<size_t> known) {
  const GemmShape shape = problem.shape();
  TypedBuffer outputs(problem.dtype, shape.M * shape.N);
  std::ranges::fill(outputs.bytes(), std::byte{0xFF});  // NaN in f32, f16 and bf16
  device.copy_in(C, outputs.bytes().data(), outputs.size_bytes());
  (void)device.time_us(launches.launch, launches.runs);
  device.copy_out(outputs.bytes().data(), C, outputs.size_bytes());

  Verdict verdict;
  verdict.fingerprint = fingerprint(outputs);
  if (verdict.fingerprint == known) {
    verdict.ok = true;
    return verdict;
  }
  const std::vector<float> values = outputs.to_f32();
  verdict.error = kernels::compare_with_reference(problem, A_values, values, positions);
  verdict.ok = verdict.error.ok;
  if (!verdict.ok) {
    verdict.reason = "wrong result: error of " + number(verdict.error.max_rel_error) +
                     " against the f64 reference, expected at most " +
                     number(kernels::tolerance(shape.K, problem.dtype));
    return verdict;
  }
  const auto bad = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    verdict.ok = false;
    verdict.reason = "wrong result: output " + std::to_string(bad - values.begin()) + " of " +
                     std::to_string(values.size()) + " is not finite or was not written";
  }
  return verdict;
}

}  // namespace tvw::bench
