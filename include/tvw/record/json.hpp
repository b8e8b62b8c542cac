/// @file Records as JSON text and files.
///
/// Written text is indented, ends in a newline and never holds NaN or Inf: such a value becomes
/// null and the row's `null_reasons` says so. Reading takes nothing for granted: a wrong file is
/// Error kBadFile that names the place ("run.json: /rows/3/median_us: got string, expected
/// number").
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tvw/core/output_set.hpp"
#include "tvw/record/bench_record.hpp"
#include "tvw/record/prune_record.hpp"

namespace tvw::record {

[[nodiscard]] std::string to_json(const BenchRecord& record);
[[nodiscard]] std::string to_json(const PruneRecord& record);
[[nodiscard]] std::string to_json(const Environment& environment);

/// `origin` names the text in messages, usually its path.
/// @throws Error kBadFile
[[nodiscard]] BenchRecord parse_bench_record(std::string_view text, std::string_view origin);
[[nodiscard]] PruneRecord parse_prune_record(std::string_view text, std::string_view origin);

/// @throws Error kIo cannot be read (or is larger than 1 GiB), kBadFile
[[nodiscard]] BenchRecord load_bench_record(const std::filesystem::path& path);

/// Replaces `path` atomically: temporary file beside it, fsync, rename. On failure nothing is left.
/// @throws Error kIo
void save_text(std::string_view text, const std::filesystem::path& path);
/// The same among other files, which appear together.
void write_text(std::string_view text, const std::filesystem::path& path, OutputSet& files);

}  // namespace tvw::record
