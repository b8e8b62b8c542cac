// cpu.reference: any format in f64, to compare with; never fast.
#include "kernels/cpu/executors.hpp"
#include "tvw/core/typed_buffer.hpp"
#include "tvw/kernels/reference.hpp"

namespace tvw::kernels::cpu {
namespace {

class ReferencePlan final : public Plan {
 public:
  explicit ReferencePlan(const Problem& problem)
      : problem_(problem),
        weights_(*problem.weights),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()) {
    problem_.weights = &weights_;
    problem_.epilogue.bias = bias_;
    const GemmShape shape = problem_.shape();
    for (int64_t m = 0; m < shape.M; ++m) {
      for (int64_t n = 0; n < shape.N; ++n) positions_.push_back({m, n});
    }
  }

  void run(const void* A, void* C) override {
    const GemmShape shape = problem_.shape();
    std::vector<float> a(static_cast<size_t>(shape.M * shape.K));
    const int64_t size = size_bytes(problem_.dtype);
    to_f32(problem_.dtype, {static_cast<const std::byte*>(A), a.size() * static_cast<size_t>(size)},
           a);
    std::vector<float> c(positions_.size());
    const std::span<std::byte> result(static_cast<std::byte*>(C),
                                      c.size() * static_cast<size_t>(size));
    if (problem_.epilogue.add_to_c) to_f32(problem_.dtype, result, c);
    const std::vector<double> values = reference_outputs(problem_, a, positions_, c);
    for (size_t i = 0; i < values.size(); ++i) {
      const OutputPosition at = positions_[i];
      const int64_t index =
          problem_.layout == Layout::kTokenMajor ? at.m * shape.N + at.n : at.n * shape.M + at.m;
      c[static_cast<size_t>(index)] = static_cast<float>(values[i]);
    }
    from_f32(problem_.dtype, c, result);
  }

  [[nodiscard]] std::string kernel_name() const override { return "reference_f64"; }
  [[nodiscard]] std::string isa() const override { return "scalar"; }
  [[nodiscard]] int64_t weight_bytes() const override { return pack::size_bytes(weights_); }
  [[nodiscard]] double actual_flops() const override { return problem_.shape().dense_flops(); }

 private:
  Problem problem_;
  pack::PackedWeights weights_;
  std::vector<float> bias_;
  std::vector<OutputPosition> positions_;
};

class ReferenceExecutor final : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "cpu.reference"; }
  [[nodiscard]] std::string_view format() const override { return "any"; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCpu; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    return problem.M < 1 ? Support::no("M is " + std::to_string(problem.M)) : Support::yes();
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return std::make_unique<ReferencePlan>(problem);
  }
};

}  // namespace

const Executor& reference() {
  static const ReferenceExecutor executor;
  return executor;
}

}  // namespace tvw::kernels::cpu
