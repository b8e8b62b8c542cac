/// @file Is what is timed right? Asked before it is timed, and again the way it was timed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
  std::string reason;      ///< what is wrong, if not ok
  size_t fingerprint = 0;  ///< of the bits of all outputs
};

/// What is run, as it is run: `launch` computes C of A, `runs` times one right after the other.
struct Launches {
  std::function<void()> launch;
  int runs = 1;
};

/// Runs it on C filled with NaN and compares what the last run leaves with the f64 reference at
/// `positions`; all other outputs must be finite, so an output that is not written is found
/// wherever it is. `A_values` are the activations as f32; `C` is where the launches leave results.
/// Outputs whose fingerprint is `known` have been found right before, and are.
[[nodiscard]] Verdict verify(const kernels::Problem& problem, const Launches& launches,
                             kernels::Device& device, kernels::Buffer& C,
                             std::span<const float> A_values,
                             std::span<const kernels::OutputPosition> positions,
                             std::optional<size_t> known = std::nullopt);

}  // namespace tvw::bench
