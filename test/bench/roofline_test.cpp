#include "tvw/bench/roofline.hpp"

#include <unistd.h>

#include <fstream>

#include "bench/fake_device.hpp"
#include "support/catch.hpp"

using namespace tvw;
using namespace tvw::bench;

TEST_CASE("the roofline is the slower of arithmetic and memory", "[bench]") {
  const Peaks peaks{100.0, 10.0, 1000};
  CHECK(roofline_us(peaks, 1e6, 1000, false) == Approx(10.0));
  CHECK(roofline_us(peaks, 1e6, 1'000'000, false) == Approx(100.0));
  CHECK(roofline_us(peaks, 1e6, 1'000'000, true) == Approx(100.0));  // does not fit the cache
  CHECK(roofline_us(peaks, 1e3, 1000, true) == Approx(0.01));        // fits: memory does not bound
}

TEST_CASE("a device may state its peaks", "[bench]") {
  test::FakeDevice device;
  device.own_peaks = Peaks{989000.0, 4800.0, 52428800};
  const auto peaks = find_peaks(device, DType::kF16, 1, {});
  REQUIRE(peaks.has_value());
  CHECK(peaks->gflops == 989000.0);
  CHECK(peaks->bandwidth_gbs == 4800.0);
  CHECK(peaks->cache_bytes == 52428800);
}

TEST_CASE("the CPU has peaks for what it computes in", "[bench]") {
  test::FakeDevice device;
  CHECK_FALSE(find_peaks(device, DType::kF16, 1, {}).has_value());
  const auto bf16 = find_peaks(device, DType::kBF16, 1, {});
  REQUIRE(bf16.has_value());
  CHECK(bf16->gflops > 0.0);
}

TEST_CASE("measured peaks are kept; a damaged file only costs the measurement", "[bench]") {
  test::FakeDevice device;
  const auto folder =
      std::filesystem::temp_directory_path() / ("tvw-peaks-" + std::to_string(::getpid()));
  const auto file = folder / "deep" / "peaks.json";
  const auto first = find_peaks(device, DType::kF32, 1, file);
  REQUIRE(first.has_value());
  CHECK(first->gflops > 0.0);
  CHECK(first->bandwidth_gbs > 0.0);
  CHECK(find_peaks(device, DType::kF32, 1, file)->gflops == first->gflops);
  const auto raised = find_peaks(device, DType::kF32, 1, file);
  CHECK(raise_peaks(device, DType::kF32, 1, file)->gflops >= raised->gflops);
  std::ofstream(file) << "{\"broken\": [";
  CHECK(find_peaks(device, DType::kF32, 1, file)->gflops > 0.0);
  std::filesystem::remove_all(folder);
}
