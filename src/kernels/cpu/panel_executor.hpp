/// @file An executor that turns one packed format into PanelWeights.
#pragma once

#include <string_view>

#include "kernels/cpu/panel_plan.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::kernels::cpu {

/// `Matrix` is the alternative of pack::PackedWeights it takes; `build` makes the panel weights.
template <class Matrix>
class PanelExecutor final : public Executor {
 public:
  using Build = PanelWeights (*)(const Matrix&, int64_t tokens);

  PanelExecutor(std::string_view name, std::string_view format, bool own_rows, Build build)
      : name_(name), format_(format), own_rows_(own_rows), build_(build) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view format() const override { return format_; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCpu; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (!std::holds_alternative<Matrix>(*problem.weights)) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not " + std::string(format_));
    }
    return panel_supports(problem);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    const int64_t tokens = choose_panel_tokens(problem.M, thread_count(), own_rows_);
    return make_panel_plan(problem, build_(std::get<Matrix>(*problem.weights), tokens),
                           std::string(format_) + "_f32_panel");
  }

 private:
  std::string_view name_;
  std::string_view format_;
  bool own_rows_;  ///< columns multiply rows of their own
  Build build_;
};

}  // namespace tvw::kernels::cpu
