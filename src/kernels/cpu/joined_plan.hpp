/// @file Two plans for one problem: one has the first rows of A, the other the last.
#pragma once

#include <memory>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// The problem's last `rows` rows of A, as a problem of its own; with what is left, the first ones.
struct JoinedProblems {
  Problem first;
  Problem last;
};
/// REQUIRES: token-major, 0 < rows < problem.M.
[[nodiscard]] JoinedProblems split_rows(const Problem& problem, int64_t rows);

/// Runs one after the other. Plans of the two problems of split_rows().
[[nodiscard]] std::unique_ptr<Plan> make_joined_plan(const Problem& problem,
                                                     std::unique_ptr<Plan> first,
                                                     std::unique_ptr<Plan> last, int64_t rows);

}  // namespace tvw::kernels::cpu
