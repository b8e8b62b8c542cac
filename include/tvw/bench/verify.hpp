/// @file Is a prepared plan right? Asked before anything is timed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tvw/kernels/executor.hpp"
#include "tvw/kernels/reference.hpp"

namespace tvw::bench {

/// All outputs where the product is small (2^24 multiplications), else a seeded sample that has
/// every column and every row of C at least once (up to 16384 of each) and the corners.
[[nodiscard]] std::vector<kernels::OutputPosition> positions_to_check(GemmShape shape,
                                                                      uint64_t seed);

struct Verdict {
  bool ok = false;
  kernels::ErrorReport error;
  std::string reason;  ///< what is wrong, if not ok
};

/// Runs `plan` once on C filled with NaN and compares with the f64 reference at `positions`; all
/// other outputs must be finite, so an output that is not written is found wherever it is.
/// `A_values` are the activations as f32, `A` and `C` the same problem's device memory.
[[nodiscard]] Verdict verify(const kernels::Problem& problem, kernels::Plan& plan,
                             kernels::Device& device, kernels::Buffer& A, kernels::Buffer& C,
                             std::span<const float> A_values,
                             std::span<const kernels::OutputPosition> positions);

}  // namespace tvw::bench
