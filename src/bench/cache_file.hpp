/// @file What was measured on this machine and is kept for the next time.
#pragma once

#include <filesystem>
#include <string>

namespace tvw::bench {

/// $XDG_CACHE_HOME/tvw/`name`, else ~/.cache/tvw/`name`; empty if there is neither.
[[nodiscard]] std::filesystem::path default_cache_file(const std::string& name);

/// The text of a JSON object in any case: "{}" for a file that is damaged or not there.
[[nodiscard]] std::string read_cache(const std::filesystem::path& file);

/// Atomically. A place that cannot be written costs the next measurement, nothing else.
void write_cache(const std::string& text, const std::filesystem::path& file);

}  // namespace tvw::bench
