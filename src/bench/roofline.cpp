#include "tvw/bench/roofline.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/cache_file.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/version.hpp"
#include "tvw/kernels/cpu_isa.hpp"
#include "tvw/record/environment.hpp"

namespace tvw::bench {
namespace {

using Json = nlohmann::json;

/// Whatever changes the peaks changes the key.
std::string key_of_cpu(kernels::Device& device, DType dtype, int threads) {
  const record::Environment environment = record::collect_environment();
  return environment.cpu_model + " | " + device.name() + " | " + kernels::name(kernels::cpu_isa()) +
         " | " + std::to_string(environment.cores) + " cores | " + std::to_string(threads) +
         " threads | " + std::to_string(device.cache_bytes()) + " bytes of cache | " +
         std::string(name(dtype)) + " | tvw " + std::string(version());
}

std::optional<double> positive(const Json& entry, const char* key) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_number()) return std::nullopt;
  const double value = entry[key].get<double>();
  if (!std::isfinite(value) || value <= 0.0) return std::nullopt;
  return value;
}

std::optional<Peaks> cached_peaks(const Json& cache, const std::string& key) {
  if (!cache.contains(key)) return std::nullopt;
  const auto gflops = positive(cache[key], "gflops");
  const auto bandwidth_gbs = positive(cache[key], "bandwidth_gbs");
  if (!gflops || !bandwidth_gbs) return std::nullopt;
  const double cache_bytes = positive(cache[key], "cache_bytes").value_or(0.0);
  return Peaks{*gflops, *bandwidth_gbs, static_cast<int64_t>(std::min(cache_bytes, 1e15))};
}

void keep_peaks(const std::filesystem::path& file, Json cache, const std::string& key,
                const Peaks& peaks) {
  cache[key] = {{"gflops", peaks.gflops},
                {"bandwidth_gbs", peaks.bandwidth_gbs},
                {"cache_bytes", peaks.cache_bytes}};
  write_cache(cache.dump(1) + "\n", file);
}

std::optional<Peaks> peaks_of(kernels::Device& device, DType dtype, int threads,
                              const std::filesystem::path& cache_file, bool measure_again) {
  if (auto peaks = device.peaks(dtype)) return peaks;
  if (device.kind() != kernels::DeviceKind::kCpu || dtype == DType::kF16) return std::nullopt;
  const std::string key = key_of_cpu(device, dtype, threads);
  Json cache = Json::parse(read_cache(cache_file));
  const std::optional<Peaks> cached = cached_peaks(cache, key);
  if (cached && !measure_again) return cached;
  Peaks peaks = measure_cpu_peaks(device, dtype, threads);
  if (cached) {
    peaks.gflops = std::max(peaks.gflops, cached->gflops);
    peaks.bandwidth_gbs = std::max(peaks.bandwidth_gbs, cached->bandwidth_gbs);
  }
  keep_peaks(cache_file, std::move(cache), key, peaks);
  return peaks;
}

}  // namespace

std::optional<Peaks> find_peaks(kernels::Device& device, DType dtype, int threads,
                                const std::filesystem::path& cache_file) {
  return peaks_of(device, dtype, threads, cache_file, false);
}

std::optional<Peaks> raise_peaks(kernels::Device& device, DType dtype, int threads,
                                 const std::filesystem::path& cache_file) {
  return peaks_of(device, dtype, threads, cache_file, true);
}

std::filesystem::path default_peaks_file() { return default_cache_file("peaks.json"); }

double roofline_us(const Peaks& peaks, double flops, int64_t bytes, bool hot) {
  const double compute_us = flops / (peaks.gflops * 1e3);
  if (hot && bytes <= peaks.cache_bytes) return compute_us;
  return std::max(compute_us, static_cast<double>(bytes) / (peaks.bandwidth_gbs * 1e3));
}

}  // namespace tvw::bench
