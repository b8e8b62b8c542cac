#include "kernels/cuda/common/tile_plan.hpp"

#include <utility>

#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cuda {
namespace {

class TilePlan final : public Plan {
 public:
  TilePlan(const Problem& problem, TileLaunches launches)
      : kernel_(launches.kernel),
        isa_(launches.isa),
        activations_(std::move(launches.activations)),
        actual_flops_(2.0 * launches.products * static_cast<double>(problem.M)) {
    std::vector<std::string> ways;
    for (const auto& launch : launches.list) ways.emplace_back(launch->variant());
    const auto measure = [&] {
      const GemmShape shape = problem.shape();
      DeviceArray<uint16_t> x(shape.K * activations_->ld()), y(shape.N * activations_->ld());
      launch_fill(x.data(), x.count(), problem.dtype == DType::kBF16, 1);
      return fastest_of(ways.size(),
                        [&](size_t i) { launches.list[i]->launch(x.data(), y.data()); });
    };
    const size_t best = chosen_way(ways.size(), [&] {
      return choose_way(tile_tuning_name(kernel_, isa_), problem, ways, measure);
    });
    launch_ = std::move(launches.list[best]);
  }
  TilePlan(const TilePlan& other)
      : Plan(),
        kernel_(other.kernel_),
        isa_(other.isa_),
        activations_(other.activations_),
        actual_flops_(other.actual_flops_),
        launch_(other.launch_->with_own_weights()) {}
  TilePlan& operator=(const TilePlan&) = delete;
  ~TilePlan() override = default;

  [[nodiscard]] std::unique_ptr<Plan> duplicate() const override {
    return std::make_unique<TilePlan>(*this);
  }
  void run(const void* A, void* C) override {
    activations_->run(A, C, [&](const uint16_t* x, uint16_t* y) { launch_->launch(x, y); });
  }
  [[nodiscard]] std::string kernel_name() const override {
    return std::string(kernel_) + " " + std::string(launch_->variant()) + ", dependent launch" +
           activations_->note();
  }
  [[nodiscard]] std::string isa() const override { return std::string(isa_); }
  [[nodiscard]] int64_t weight_bytes() const override { return launch_->weight_bytes(); }
  [[nodiscard]] double actual_flops() const override { return actual_flops_; }

 private:
  std::string_view kernel_, isa_;
  std::shared_ptr<FeatureMajor> activations_;  ///< its scratch is free between runs
  double actual_flops_;
  std::unique_ptr<TileLaunch> launch_;
};

}  // namespace

std::string tile_tuning_name(std::string_view kernel, std::string_view isa) {
  return std::string(kernel) + " " + std::string(isa);
}

std::unique_ptr<Plan> make_tile_plan(const Problem& problem, TileLaunches launches) {
  return std::make_unique<TilePlan>(problem, std::move(launches));
}

std::shared_ptr<const DeviceArray<float>> bias_of_columns(const Problem& problem,
                                                          std::span<const int32_t> columns) {
  const auto& bias = problem.epilogue.bias;
  if (bias.empty()) return nullptr;
  std::vector<float> ordered;
  ordered.reserve(columns.size());
  for (const int32_t column : columns) {
    ordered.push_back(column >= 0 ? bias[static_cast<size_t>(column)] : 0.0f);
  }
  return std::make_shared<const DeviceArray<float>>(std::span<const float>(ordered));
}

}  // namespace tvw::kernels::cuda
