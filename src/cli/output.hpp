/// @file Where results go: stdout for "-" or nothing, else a file that is replaced atomically.
#pragma once

#include <string>
#include <string_view>

namespace tvw::cli {

/// @throws Error kIo the file cannot be written
void write_result(std::string_view text, const std::string& path);
/// `path`, or with a number before its extension if it exists: run.json, run-2.json, ...
[[nodiscard]] std::string unused_path(const std::string& path);

}  // namespace tvw::cli
