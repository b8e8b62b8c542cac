/// @file What would be taken of what was asked for: the fastest.
#pragma once

#include <span>
#include <vector>

#include "tvw/record/bench_record.hpp"

namespace tvw::bench {

/// For one layer, M and cache state: at each target sparsity of the subjects the fastest timed
/// subject or dense row. Baselines do not stand for election: nobody asked for their accuracy.
[[nodiscard]] std::vector<record::AutoChoice> choose_best(std::span<const record::BenchRow> rows);

}  // namespace tvw::bench
