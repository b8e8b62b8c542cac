/// @file Who runs: every pair of a variant and an executor, and who does not, and why.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/jobs.hpp"
#include "bench/variants.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::bench {

struct Contestant {
  const Variant* variant = nullptr;
  kernels::Problem problem;
  const kernels::Executor* executor = nullptr;  ///< null: no executor takes the format
  kernels::Support support;                     ///< of the executor; a reason if there is none
};

/// @throws Error kUsage `names` holds an executor that is not there or runs on another device
void check_executor_names(std::span<const std::string> names,
                          std::span<const kernels::Executor* const> executors,
                          const kernels::Device& device);

/// Variant by variant, layout by layout, executors in order of preference. `job`, `variants`
/// and `tuning`, which may be null, must stay.
[[nodiscard]] std::vector<Contestant> make_contestants(
    const BenchRequest& request, const ResolvedRequest& resolved, const Job& job,
    std::span<const Variant> variants, const kernels::Device& device,
    std::span<const kernels::Executor* const> executors, kernels::Tuning* tuning);

}  // namespace tvw::bench
