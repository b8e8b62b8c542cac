#include "bench/contestants.hpp"

#include <algorithm>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::bench {
namespace {

using kernels::Executor;
using kernels::Layout;
using kernels::Support;

bool asked_for(const BenchRequest& request, const Variant& variant, const Executor& executor) {
  if (request.executors.empty() || variant.role == record::RowRole::kDense) return true;
  return std::ranges::find(request.executors, executor.name()) != request.executors.end();
}

}  // namespace

void check_executor_names(std::span<const std::string> names,
                          std::span<const Executor* const> executors,
                          const kernels::Device& device) {
  std::vector<std::string> known;
  for (const Executor* executor : executors) {
    if (executor->device() == device.kind()) known.emplace_back(executor->name());
  }
  for (const std::string& wanted : names) {
    if (std::ranges::find(known, wanted) == known.end()) {
      throw Error(ErrorCode::kUsage, unknown_name("executor of " + device.id(), wanted, known));
    }
  }
}

std::vector<Contestant> make_contestants(const BenchRequest& request,
                                         const ResolvedRequest& resolved, const Job& job,
                                         std::span<const Variant> variants,
                                         const kernels::Device& device,
                                         std::span<const Executor* const> executors,
                                         kernels::Tuning* tuning) {
  std::vector<Contestant> contestants;
  const kernels::Epilogue epilogue{job.bias, request.epilogue.activation,
                                   request.epilogue.add_to_c};
  for (const Variant& variant : variants) {
    const bool dense = variant.role == record::RowRole::kDense;
    const std::string format(pack::format_name(variant.weights));
    std::vector<const Executor*> takers;
    bool filtered_out = false;
    for (const Executor* executor : executors) {
      if (executor->device() != device.kind() || executor->format() != format) continue;
      if (asked_for(request, variant, *executor)) {
        takers.push_back(executor);
      } else {
        filtered_out = true;
      }
    }
    for (const Layout layout : {Layout::kTokenMajor, Layout::kFeatureMajor}) {
      const bool asked = std::ranges::find(resolved.layouts, layout) != resolved.layouts.end();
      if (!asked && !(dense && request.dense_in_every_layout)) continue;
      const kernels::Problem problem{job.shape.M,      resolved.dtype, layout,
                                     &variant.weights, epilogue,       tuning};
      if (takers.empty() && asked) {
        contestants.push_back(
            {&variant, problem, nullptr,
             Support::no(filtered_out
                             ? "no executor of format " + format + " is among those asked for"
                             : "no executor of " + device.id() + " takes the format " + format)});
      }
      std::vector<Support> supports;
      for (const Executor* executor : takers) supports.push_back(executor->supports(problem));
      const bool one_can = std::ranges::any_of(supports, &Support::ok);
      for (size_t i = 0; i < takers.size(); ++i) {
        // Nobody asked for dense in this layout, or by this executor of several.
        if (!supports[i] && dense && (!asked || one_can)) continue;
        contestants.push_back({&variant, problem, takers[i], std::move(supports[i])});
      }
    }
  }
  return contestants;
}

}  // namespace tvw::bench
