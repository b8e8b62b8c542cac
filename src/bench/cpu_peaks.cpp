// Peaks of the CPU, compiled once per instruction set (Highway); the best one of the machine runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/cpu_peaks.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tvw::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// 12 independent chains of multiply-adds keep two pipes of latency 4 to 6 busy, and fit 16
/// registers. They start at different values: equal chains would be computed once.
double fma_flops(int64_t steps, float* sink) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999F);
  const auto term = hn::Set(d, 0.001F);
  auto a = hn::Set(d, 0.01F), b = hn::Set(d, 0.02F), c = hn::Set(d, 0.03F);
  auto e = hn::Set(d, 0.04F), f = hn::Set(d, 0.05F), g = hn::Set(d, 0.06F);
  auto h = hn::Set(d, 0.07F), i = hn::Set(d, 0.08F), j = hn::Set(d, 0.09F);
  auto k = hn::Set(d, 0.11F), l = hn::Set(d, 0.12F), m = hn::Set(d, 0.13F);
  for (int64_t step = 0; step < steps; ++step) {
    a = hn::MulAdd(a, factor, term);
    b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term);
    e = hn::MulAdd(e, factor, term);
    f = hn::MulAdd(f, factor, term);
    g = hn::MulAdd(g, factor, term);
    h = hn::MulAdd(h, factor, term);
    i = hn::MulAdd(i, factor, term);
    j = hn::MulAdd(j, factor, term);
    k = hn::MulAdd(k, factor, term);
    l = hn::MulAdd(l, factor, term);
    m = hn::MulAdd(m, factor, term);
  }
  const auto first = hn::Add(hn::Add(a, b), hn::Add(c, e));
  const auto second = hn::Add(hn::Add(f, g), hn::Add(h, i));
  const auto third = hn::Add(hn::Add(j, k), hn::Add(l, m));
  *sink = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(first, second), third)));
  return 12.0 * 2.0 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(steps);
}

/// Reads kStreams parts of `count` floats side by side: one stream alone does not keep memory busy.
/// The sum goes to `sink`, so that nothing is left out.
void read_streams(const float* from, int64_t count, float* sink) {
  constexpr int64_t kStreams = 4;
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t part = count / kStreams / lanes * lanes;
  auto a = hn::Zero(d), b = hn::Zero(d), c = hn::Zero(d), e = hn::Zero(d);
  for (int64_t i = 0; i < part; i += lanes) {
    a = hn::Add(a, hn::LoadU(d, from + i));
    b = hn::Add(b, hn::LoadU(d, from + part + i));
    c = hn::Add(c, hn::LoadU(d, from + 2 * part + i));
    e = hn::Add(e, hn::LoadU(d, from + 3 * part + i));
  }
  *sink = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
}

}  // namespace tvw::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "bench/bf16_peak.hpp"
#include "tvw/bench/roofline.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/cpu_isa.hpp"
#include "tvw/record/environment.hpp"

namespace tvw::bench {
namespace {

HWY_EXPORT(fma_flops);
HWY_EXPORT(read_streams);

/// A machine that has just been started, or that others share, takes a while to show its best: it
/// is waited for as long as it gets better.
constexpr double kPatienceSeconds = 0.25, kMostSeconds = 2.0, kBetter = 0.99;
constexpr int64_t kSteps = 1'000'000;
constexpr int64_t kLeastCopyBytes = int64_t{64} << 20;
constexpr int64_t kMostCopyBytes = int64_t{512} << 20;

double f32_flops(int64_t steps, float* sink) {
  return HWY_DYNAMIC_DISPATCH(fma_flops)(steps, sink);
}

double best_seconds(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  const Clock::time_point begin = Clock::now();
  Clock::time_point start = begin, got_better = begin;
  double best = std::numeric_limits<double>::infinity();
  do {
    work();
    const Clock::time_point end = Clock::now();
    const double took = Seconds(end - start).count();
    if (took < best * kBetter) got_better = end;
    best = std::min(best, took);
    start = end;
  } while (Seconds(start - got_better).count() < kPatienceSeconds &&
           Seconds(start - begin).count() < kMostSeconds);
  return best;
}

/// `flops_of(steps, sink)` does the work and says how much it was.
double peak_gflops(int threads, double (*flops_of)(int64_t, float*)) {
  std::vector<float> sinks(static_cast<size_t>(threads) * 16);  // a cache line each
  std::vector<double> flops(static_cast<size_t>(threads) * 8);
  const double seconds = best_seconds([&] {
    parallel_for(threads, [&](int64_t thread) {
      const auto at = static_cast<size_t>(thread);
      flops[at * 8] = flops_of(kSteps, &sinks[at * 16]);
    });
  });
  double total = 0.0;
  for (const double of_thread : flops) total += of_thread;
  return total / seconds * 1e-9;
}

/// The better of a copy and of reading alone.
double bandwidth_gbs(kernels::Device& device, int threads) {
  const int64_t bytes = std::clamp(2 * device.cache_bytes(), kLeastCopyBytes, kMostCopyBytes);
  const int64_t share = bytes / threads / 64 * 64;
  const auto from_buffer = device.allocate(bytes), to_buffer = device.allocate(bytes);
  auto* from = static_cast<char*>(from_buffer->data());
  auto* to = static_cast<char*>(to_buffer->data());
  std::memset(from, 0, static_cast<size_t>(bytes));  // pages that are not written have no memory
  std::memset(to, 0, static_cast<size_t>(bytes));
  const double copying = best_seconds([&] {
    parallel_for(threads, [&](int64_t thread) {
      std::memcpy(to + thread * share, from + thread * share, static_cast<size_t>(share));
    });
  });
  std::vector<float> sinks(static_cast<size_t>(threads) * 16);  // a cache line each
  const double reading = best_seconds([&] {
    parallel_for(threads, [&](int64_t thread) {
      HWY_DYNAMIC_DISPATCH(read_streams)
      (reinterpret_cast<const float*>(from + thread * share), share / 4,
       &sinks[static_cast<size_t>(thread) * 16]);
    });
  });
  return static_cast<double>(share * threads) * std::max(2.0 / copying, 1.0 / reading) * 1e-9;
}

}  // namespace

Peaks measure_cpu_peaks(kernels::Device& device, DType dtype, int threads) {
  threads = std::max(threads, 1);
  const int64_t cache_bytes = record::last_level_cache_bytes(record::collect_environment());
  double gflops = peak_gflops(threads, f32_flops);
  // Not everything that takes bf16 multiplies it as such.
  if (dtype == DType::kBF16 && kernels::cpu_isa() >= kernels::CpuIsa::kAvx512Bf16) {
    gflops = std::max(gflops, peak_gflops(threads, bf16_flops));
  }
  if (dtype == DType::kBF16 && kernels::cpu_isa() == kernels::CpuIsa::kAmxBf16) {
    gflops = std::max(gflops, peak_gflops(threads, amx_flops));
  }
  return {gflops, bandwidth_gbs(device, threads), cache_bytes};
}

}  // namespace tvw::bench

#endif  // HWY_ONCE
