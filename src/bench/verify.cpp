#include "tvw/bench/verify.hpp"

#include <algorithm>
#include <chrono>
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
constexpr int kMostLooks = 10;
constexpr std::chrono::milliseconds kAgain{100};

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

size_t fingerprint_of(const TypedBuffer& outputs) {
  const std::span<const std::byte> bytes = outputs.bytes();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return std::hash<std::string_view>{}({text, bytes.size()});
}

/// What C holds before the first run.
TypedBuffer before(const Check& check) {
  const DType dtype = check.problem.dtype;
  if (check.problem.epilogue.add_to_c) return TypedBuffer::from_f32(dtype, check.former_C);
  const GemmShape shape = check.problem.shape();
  TypedBuffer nan(dtype, shape.M * shape.N);
  std::ranges::fill(nan.bytes(), std::byte{0xFF});  // NaN in f32, f16 and bf16
  return nan;
}

/// What the last of `runs` leaves in C.
TypedBuffer outputs_of(const Check& check, const std::function<void()>& launch, int runs,
                       kernels::Device& device, kernels::Buffer& C) {
  TypedBuffer outputs = before(check);
  device.copy_in(C, outputs.bytes().data(), outputs.size_bytes());
  (void)device.time_us(launch, runs);
  device.copy_out(outputs.bytes().data(), C, outputs.size_bytes());
  return outputs;
}

/// Where they are not the same bits, up to kMostOfEach, spread over all such places.
std::vector<kernels::OutputPosition> differences(const kernels::Problem& problem,
                                                 const TypedBuffer& a, const TypedBuffer& b) {
  const GemmShape shape = problem.shape();
  const auto size = static_cast<size_t>(size_bytes(problem.dtype));
  const bool token_major = problem.layout == kernels::Layout::kTokenMajor;
  const int64_t row = token_major ? shape.N : shape.M;  // of C as it lies
  std::vector<kernels::OutputPosition> all;
  for (int64_t i = 0; i < shape.M * shape.N; ++i) {
    const size_t at = static_cast<size_t>(i) * size;
    if (std::ranges::equal(a.bytes().subspan(at, size), b.bytes().subspan(at, size))) continue;
    all.push_back(token_major ? kernels::OutputPosition{i / row, i % row}
                              : kernels::OutputPosition{i % row, i / row});
  }
  const auto count = static_cast<int64_t>(all.size());
  std::vector<kernels::OutputPosition> some;
  for (int64_t i = 0; i < std::min(count, kMostOfEach); ++i) {
    some.push_back(all[static_cast<size_t>(spread(i, std::min(count, kMostOfEach), count))]);
  }
  return some;
}

std::string number(double value) {
  std::ostringstream text;
  text.precision(3);
  text << value;
  return text.str();
}

Verdict judge(const Check& check, const TypedBuffer& outputs) {
  const std::vector<float> values = outputs.to_f32();
  Verdict verdict;
  verdict.fingerprint = fingerprint_of(outputs);
  verdict.error = kernels::compare_with_reference(check.problem, check.A_values, values,
                                                  check.positions, check.former_C);
  verdict.ok = verdict.error.ok;
  if (!verdict.ok) {
    verdict.reason = "wrong result: error of " + number(verdict.error.max_rel_error) +
                     " against the f64 reference, expected at most " +
                     number(kernels::tolerance(check.problem.shape().K, check.problem.dtype));
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

Verdict verify(const Check& check, const std::function<void()>& launch, kernels::Device& device,
               kernels::Buffer& C) {
  return judge(check, outputs_of(check, launch, 1, device, C));
}

Verdict verify_again(const Check& check, const std::function<void()>& launch,
                     kernels::Device& device, kernels::Buffer& C, size_t fingerprint) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + kAgain;
  Verdict verdict;
  verdict.ok = true;
  for (int look = 0; look < kMostLooks && verdict.ok; ++look) {
    if (look > 0 && Clock::now() >= end) break;
    const TypedBuffer outputs = outputs_of(check, launch, 2, device, C);
    if (fingerprint_of(outputs) == fingerprint) continue;
    const TypedBuffer alone = outputs_of(check, launch, 1, device, C);
    std::vector<kernels::OutputPosition> positions = differences(check.problem, outputs, alone);
    positions.insert(positions.end(), check.positions.begin(), check.positions.end());
    std::vector<float> former_C;
    if (check.problem.epilogue.add_to_c) former_C = alone.to_f32();
    verdict = judge({check.problem, check.A_values, positions, former_C}, outputs);
    fingerprint = verdict.fingerprint;
  }
  return verdict;
}

}  // namespace tvw::bench
