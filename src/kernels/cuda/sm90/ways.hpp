/// @file The ways that the Hopper tile kernels have to run a problem.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/sm90/tile_gemm.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda::sm90 {

/// A variant, and how many CTAs share the stages of an output tile.
struct Way {
  const Variant* variant = nullptr;
  int splits = 1;

  /// "256x96+48 t3, rows split in 2"
  [[nodiscard]] std::string name() const;
};

/// Clusters of `splits` CTAs that the current device runs at the same time. A cluster's SMs are of
/// one GPC, so these have fewer CTAs than there are SMs.
/// @throws Error kUnsupported a CUDA error
[[nodiscard]] int clusters_at_once(const Variant& variant, int splits);

/// Those that may be the fastest, on the current device: no variant that multiplies many more
/// columns than another; rows are split where the output tiles leave SMs idle.
/// @throws Error kUnsupported a CUDA error
[[nodiscard]] std::vector<Way> all_ways(const Problem& problem, bool sparse);

}  // namespace tvw::kernels::cuda::sm90
