/// @file Is what is timed right? Asked of one run before it is timed, and of runs that follow on
/// one another afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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

/// What outputs are compared with: the f64 reference at `positions`; all others must be finite.
struct Check {
  const kernels::Problem& problem;
  std::span<const float> A_values;  ///< the activations as f32
  std::span<const kernels::OutputPosition> positions;
  std::span<const float> former_C = {};  ///< what the epilogue adds to, if it does
};

/// Has `launch` compute `C` once, over NaN, so that an output that is not written is found wherever
/// it is, or over `former_C`.
[[nodiscard]] Verdict verify(const Check& check, const std::function<void()>& launch,
                             kernels::Device& device, kernels::Buffer& C);

/// The same of the second of two runs, one right after the other, several times for a tenth of a
/// second. `fingerprint` is that of outputs found right: the same ones are. Where others differ
/// from what one run alone computes, they are checked, too, up to 16384 of them: a kernel that
/// promises the same bits every time and one that does not may both be wrong now and then. If the
/// epilogue adds to C, the second run adds to what one run alone computes.
[[nodiscard]] Verdict verify_again(const Check& check, const std::function<void()>& launch,
                                   kernels::Device& device, kernels::Buffer& C, size_t fingerprint);

}  // namespace tvw::bench
