/// @file The plan behind the Hopper executors.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "kernels/cuda/sm90/ways.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda::sm90 {

inline constexpr std::string_view kKernel = "tile_gemm_sm90";
[[nodiscard]] constexpr std::string_view isa_of(bool sparse) {
  return sparse ? "wgmma.sp" : "wgmma";
}

/// Prepares the ways in `tried` one by one and keeps the one that problem.tuning knows, else times
/// each and keeps the fastest.
/// REQUIRES: `tried` is not empty and each is one of all_ways(problem, sparse).
/// @throws Error kUnsupported out of memory, or a CUDA error
[[nodiscard]] std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse,
                                              std::span<const Way> tried);

}  // namespace tvw::kernels::cuda::sm90
