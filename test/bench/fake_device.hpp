/// @file A device whose clock is a script, and executors that compute rightly or wrongly on it.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "tvw/core/error.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::test {

class FakeBuffer final : public kernels::Buffer {
 public:
  explicit FakeBuffer(int64_t size_bytes) : bytes_(static_cast<size_t>(size_bytes)) {}
  void* data() override { return bytes_.data(); }
  [[nodiscard]] int64_t size_bytes() const override { return static_cast<int64_t>(bytes_.size()); }

 private:
  std::vector<std::byte> bytes_;
};

/// Time passes only where spend() is called. `log` holds what happened in order.
class FakeDevice final : public kernels::Device {
 public:
  [[nodiscard]] kernels::DeviceKind kind() const override { return kernels::DeviceKind::kCpu; }
  [[nodiscard]] std::string id() const override { return "cpu"; }
  [[nodiscard]] std::string name() const override { return "a script"; }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
    return facts;
  }
  [[nodiscard]] std::optional<kernels::Peaks> peaks(DType /*dtype*/) override {
    if (out_of_memory_for_peaks) throw std::bad_alloc();
    return own_peaks;
  }
  std::unique_ptr<kernels::Buffer> allocate(int64_t size_bytes) override {
    return std::make_unique<FakeBuffer>(size_bytes);
  }
  void copy_in(kernels::Buffer& to, const void* from, int64_t size_bytes) override {
    std::memcpy(to.data(), from, static_cast<size_t>(size_bytes));
  }
  void copy_out(void* to, kernels::Buffer& from, int64_t size_bytes) override {
    std::memcpy(to, from.data(), static_cast<size_t>(size_bytes));
  }
  [[nodiscard]] int64_t cache_bytes() const override { return 1 << 20; }
  void flush_cache() override { log.emplace_back("flush"); }
  double time_us(const std::function<void()>& launch, int repeats) override {
    const double start_us = clock_us_;
    for (int i = 0; i < repeats; ++i) launch();
    log.back() += "*" + std::to_string(repeats);
    return clock_us_ - start_us;
  }

  void spend(const std::string& who, double time_us) {
    clock_us_ += time_us;
    if (log.empty() || log.back() != who) log.push_back(who);
  }

  std::vector<std::string> log;
  std::vector<std::pair<std::string, std::string>> facts;
  std::optional<kernels::Peaks> own_peaks;
  bool out_of_memory_for_peaks = false;

 private:
  double clock_us_ = 0.0;
};

enum class Behaviour {
  kRight,
  kWrong,
  kWrongLater,  ///< right the first time
  kLeavesOneOutput,
  kThrows,
  kThrowsLater,  ///< after the first run
  kCannotPrepare,
  kOutOfMemory,  ///< in prepare()
  kRefuses
};

class FakePlan final : public kernels::Plan {
 public:
  FakePlan(const kernels::Problem& problem, FakeDevice& device, std::string name, double time_us,
           Behaviour behaviour)
      : problem_(problem),
        device_(device),
        name_(std::move(name)),
        time_us_(time_us),
        behaviour_(behaviour),
        weights_(pack::unpack(*problem.weights).values.to_f32()) {}

  void run(const void* A, void* C) override {
    device_.spend(name_, time_us_);
    if (behaviour_ == Behaviour::kThrows || (behaviour_ == Behaviour::kThrowsLater && computed_)) {
      throw Error(ErrorCode::kUnsupported, "the launch failed");
    }
    const auto [M, N, K] = problem_.shape();
    const bool token = problem_.layout == kernels::Layout::kTokenMajor;
    const auto* a = static_cast<const float*>(A);
    auto* c = static_cast<float*>(C);
    if (!std::isnan(c[0])) return;  // only timed
    const bool later = std::exchange(computed_, true);
    const bool wrong =
        behaviour_ == Behaviour::kWrong || (behaviour_ == Behaviour::kWrongLater && later);
    for (int64_t m = 0; m < M; ++m) {
      for (int64_t n = 0; n < N; ++n) {
        if (behaviour_ == Behaviour::kLeavesOneOutput && m == M - 1 && n == N - 1) continue;
        float sum = wrong && n == N / 2 ? 1.0F : 0.0F;
        for (int64_t k = 0; k < K; ++k)
          sum += a[token ? m * K + k : k * M + m] * weights_[static_cast<size_t>(k * N + n)];
        c[token ? m * N + n : n * M + m] = sum;
      }
    }
  }
  [[nodiscard]] std::string kernel_name() const override { return name_ + " kernel"; }
  [[nodiscard]] std::string isa() const override { return "script"; }
  [[nodiscard]] int64_t weight_bytes() const override {
    return pack::size_bytes(*problem_.weights);
  }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * static_cast<double>(problem_.M * pack::stored_values(*problem_.weights));
  }

 private:
  kernels::Problem problem_;
  FakeDevice& device_;
  std::string name_;
  double time_us_;
  Behaviour behaviour_;
  std::vector<float> weights_;
  bool computed_ = false;
};

class FakeExecutor final : public kernels::Executor {
 public:
  FakeExecutor(std::string name, std::string format, double time_us,
               Behaviour behaviour = Behaviour::kRight)
      : name_(std::move(name)),
        format_(std::move(format)),
        time_us_(time_us),
        behaviour_(behaviour) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return format_; }
  [[nodiscard]] kernels::DeviceKind device() const override { return kernels::DeviceKind::kCpu; }
  [[nodiscard]] kernels::Support supports(const kernels::Problem&) const override {
    if (behaviour_ == Behaviour::kRefuses) return kernels::Support::no("it is Tuesday");
    return kernels::Support::yes();
  }
  [[nodiscard]] std::unique_ptr<kernels::Plan> prepare(const kernels::Problem& problem,
                                                       kernels::Device& device) const override {
    if (behaviour_ == Behaviour::kCannotPrepare) {
      throw Error(ErrorCode::kUnsupported, "out of memory: asked for 1 byte");
    }
    if (behaviour_ == Behaviour::kOutOfMemory) throw std::bad_alloc();
    return std::make_unique<FakePlan>(problem, dynamic_cast<FakeDevice&>(device), name_, time_us_,
                                      behaviour_);
  }

 private:
  std::string name_;
  std::string format_;
  double time_us_;
  Behaviour behaviour_;
};

}  // namespace tvw::test
