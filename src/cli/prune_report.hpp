/// @file What `tvw prune` says about its work.
#pragma once

#include <string>
#include <vector>

#include "cli/prune_job.hpp"
#include "tvw/record/prune_record.hpp"

namespace tvw::cli {

[[nodiscard]] record::PruneRecord make_record(const io::OnnxModel& model, const PruneJob& job,
                                              const pruning::Recipe& recipe,
                                              const std::vector<std::string>& argv);

/// The record of what --masks-in decided instead of a recipe: its patterns, and that they were
/// given.
void state_given(record::PruneRecord& record);

/// One line a weight, then totals and the files written.
[[nodiscard]] std::string summary_table(const record::PruneRecord& record);

}  // namespace tvw::cli
