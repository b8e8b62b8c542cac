#include "kernels/cpu/joined_plan.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include "tvw/core/dtype.hpp"

namespace tvw::kernels::cpu {
namespace {

class JoinedPlan final : public Plan {
 public:
  JoinedPlan(const Problem& problem, std::unique_ptr<Plan> first, std::unique_ptr<Plan> last,
             int64_t rows)
      : first_(std::move(first)), last_(std::move(last)) {
    const GemmShape shape = problem.shape();
    const auto element = static_cast<int64_t>(size_bytes(problem.dtype));
    a_ = (shape.M - rows) * shape.K * element;
    c_ = (shape.M - rows) * shape.N * element;
  }

  void run(const void* A, void* C) override {
    first_->run(A, C);
    last_->run(static_cast<const std::byte*>(A) + a_, static_cast<std::byte*>(C) + c_);
  }
  [[nodiscard]] std::string kernel_name() const override {
    return first_->kernel_name() + "; " + last_->kernel_name();
  }
  [[nodiscard]] std::string isa() const override { return first_->isa(); }
  [[nodiscard]] int64_t weight_bytes() const override {
    return first_->weight_bytes() + last_->weight_bytes();
  }
  [[nodiscard]] double actual_flops() const override {
    return first_->actual_flops() + last_->actual_flops();
  }

 private:
  std::unique_ptr<Plan> first_, last_;
  int64_t a_ = 0, c_ = 0;  ///< bytes before the last plan's
};

}  // namespace

JoinedProblems split_rows(const Problem& problem, int64_t rows) {
  JoinedProblems both{problem, problem};
  both.first.M = problem.M - rows;
  both.last.M = rows;
  return both;
}

std::unique_ptr<Plan> make_joined_plan(const Problem& problem, std::unique_ptr<Plan> first,
                                       std::unique_ptr<Plan> last, int64_t rows) {
  return std::make_unique<JoinedPlan>(problem, std::move(first), std::move(last), rows);
}

}  // namespace tvw::kernels::cpu
