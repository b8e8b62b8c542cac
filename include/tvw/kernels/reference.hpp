/// @file The f64 reference that every result is checked against. Correct, never fast.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels {

/// Elements of C at the given (m, n) pairs, summed in f64 from `A` (f32 values of the problem's
/// activations, in the problem's layout) and the unpacked weights; epilogue applied in f64.
/// `former_C`: what C held before, for an epilogue that adds to it.
struct OutputPosition {
  int64_t m = 0;
  int64_t n = 0;
};
[[nodiscard]] std::vector<double> reference_outputs(const Problem& problem,
                                                    std::span<const float> A,
                                                    std::span<const OutputPosition> positions,
                                                    std::span<const float> former_C = {});

/// The one tolerance of the project: largest |got - want| / scale that is accepted, where scale is
/// sum_k |A[m,k]| * |B[k,n]| + |bias| + |former C| at that output (so cancellation does not count
/// as error). Grows with sqrt(K) of f32 summation and the rounding of the output type.
[[nodiscard]] double tolerance(int64_t K, DType dtype);

struct ErrorReport {
  double max_rel_error = 0.0;  ///< NaN if any output is NaN
  int64_t checked = 0;
  bool ok = false;
};
/// Compares `C` (f32 values in the problem's layout, all M*N) with the reference at `positions`.
[[nodiscard]] ErrorReport compare_with_reference(const Problem& problem, std::span<const float> A,
                                                 std::span<const float> C,
                                                 std::span<const OutputPosition> positions,
                                                 std::span<const float> former_C = {});

}  // namespace tvw::kernels
