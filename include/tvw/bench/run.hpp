/// @file The benchmark itself: makes weights, prunes, packs, verifies, then times side by side.
///
/// Per layer: every contestant (pattern x sparsity x executor x layout, dense included) is prepared
/// and verified first. Those that are right are timed in rounds, one sample each per round, the
/// order turned by one every round. Cold: the device's cache is flushed before each sample of one
/// run. Hot: one untimed run before each sample of so many runs that it lasts min_sample_us.
/// Prints nothing; progress goes to the callback.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tvw/bench/request.hpp"
#include "tvw/kernels/registry.hpp"
#include "tvw/record/bench_record.hpp"

namespace tvw::bench {

/// `done` of `total` steps are behind us; `what` is being worked on: "attention.qkv M=512: timing,
/// hot".
struct Progress {
  int64_t done = 0;
  int64_t total = 0;
  std::string what;
};
using ProgressCallback = std::function<void(const Progress&)>;

/// Results of wrong executors are rows with status kWrong, not exceptions; ask has_wrong_result().
/// @throws Error kUsage names or combinations that make no sense, kUnsupported no such device,
///         kIo, kBadFile a workload file, and whatever a BenchLayer::load throws
[[nodiscard]] record::BenchRecord run_bench(const BenchRequest& request,
                                            const kernels::Registry& registry,
                                            const ProgressCallback& progress = {});

/// The same on a device and executors of the caller's.
[[nodiscard]] record::BenchRecord run_bench(const BenchRequest& request, kernels::Device& device,
                                            std::span<const kernels::Executor* const> executors,
                                            const ProgressCallback& progress = {});

/// What one executor says to one problem.
struct ExecutorAnswer {
  std::string layer;
  int64_t M = 0;
  int64_t N = 0;
  int64_t K = 0;
  std::string pattern;
  std::string format;
  std::optional<double> target_sparsity;
  std::string layout;
  std::string executor;  ///< empty: no executor of the device takes the format
  bool ok = false;
  std::string reason;  ///< why not; if ok how, where the executor has a choice
};

/// `--list`: runs nothing but pruning and packing.
/// @throws as run_bench
[[nodiscard]] std::vector<ExecutorAnswer> list_executors(const BenchRequest& request,
                                                         const kernels::Registry& registry,
                                                         const ProgressCallback& progress = {});
[[nodiscard]] std::vector<ExecutorAnswer> list_executors(
    const BenchRequest& request, kernels::Device& device,
    std::span<const kernels::Executor* const> executors, const ProgressCallback& progress = {});

}  // namespace tvw::bench
