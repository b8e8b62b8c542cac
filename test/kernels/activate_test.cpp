// Activations on the CPU against f64, every instruction set.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/cpu/panel_kernels.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"

namespace tvw {
namespace {

using kernels::Activation;

double gelu_erf(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }
double gelu_tanh(double x) {
  return 0.5 * x *
         (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

/// From -20 to 20 and far beyond; of no whole vectors.
std::vector<float> inputs() {
  std::vector<float> values = {-1e30f, 1e30f, 0.0f, -0.0f, 1e-30f, -1e-30f};
  constexpr int kSteps = 20 * 256;
  for (int i = -kSteps; i <= kSteps; ++i) values.push_back(static_cast<float>(i) / 256.0f);
  while (values.size() % 16 != 7) values.push_back(0.5f);
  return values;
}

/// `error` relative to results of more than 1, absolute below.
void check(Activation activation, const std::function<double(double)>& want, double error) {
  const std::vector<float> in = inputs();
  std::vector<float> out = in;
  kernels::cpu::activate(out.data(), std::ssize(out), activation);
  std::vector<float> wrong;
  for (size_t i = 0; i < in.size(); ++i) {
    const double right = want(in[i]);
    const bool ok = std::abs(out[i] - right) <= error * std::max(1.0, std::abs(right));
    if (!ok) wrong.push_back(in[i]);  // NaN is not ok
  }
  CAPTURE(name(activation));
  CHECK(wrong.empty());
}

TEST_CASE("activations are those of their names", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const test::OwnKernelsUpTo limit(isa);
  CAPTURE(name(isa));
  check(
      Activation::kNone, [](double x) { return x; }, 0.0);
  check(
      Activation::kRelu, [](double x) { return std::max(x, 0.0); }, 0.0);
  check(Activation::kGeluErf, gelu_erf, 2e-7);
  check(Activation::kGeluTanh, gelu_tanh, 2e-7);
}

TEST_CASE("GELU of what is no number is none, of infinity infinity", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const test::OwnKernelsUpTo limit(isa);
  const Activation form = GENERATE(Activation::kGeluErf, Activation::kGeluTanh);
  CAPTURE(name(isa), name(form));
  std::vector<float> values(40, std::numeric_limits<float>::quiet_NaN());
  values.front() = values.back() = std::numeric_limits<float>::infinity();
  kernels::cpu::activate(values.data(), std::ssize(values), form);
  CHECK(std::isinf(values.front()));
  CHECK(std::isinf(values.back()));
  CHECK(std::all_of(values.begin() + 1, values.end() - 1, [](float v) { return std::isnan(v); }));
}

}  // namespace
}  // namespace tvw
