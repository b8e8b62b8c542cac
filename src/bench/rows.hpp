/// @file From what was measured to the figures of a record's rows.
#pragma once

#include <span>
#include <string>

#include "bench/contestants.hpp"
#include "bench/jobs.hpp"
#include "bench/timing.hpp"
#include "tvw/bench/roofline.hpp"
#include "tvw/bench/verify.hpp"
#include "tvw/record/bench_record.hpp"

namespace tvw::bench {

/// What is known before anything ran; status skipped.
[[nodiscard]] record::BenchRow describe(const ResolvedRequest& resolved, const Job& job,
                                        const Contestant& contestant, const kernels::Device& device,
                                        uint64_t seed);

void add_plan(record::BenchRow& row, const kernels::Plan& plan);
/// It broke: status kWrong.
void add_failure(record::BenchRow& row, std::string reason);
/// Sets status kWrong and the reason if the verdict is not ok.
void add_verdict(record::BenchRow& row, const kernels::Problem& problem, const Verdict& verdict);

/// Times and rates. Status becomes kTimed. REQUIRES: the row is verified.
void add_times(record::BenchRow& row, const Timed& timed, const kernels::Plan& plan);

/// Bound and fraction of a timed row, from its own figures; other rows stay as they are.
void add_roofline(record::BenchRow& row, const Peaks& peaks);

/// Speed-ups of the rows of one layer, M and cache state, whose samples are from the same rounds.
void add_speedups(std::span<record::BenchRow> rows);

}  // namespace tvw::bench
