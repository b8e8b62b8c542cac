/// @file What can be known about a path before it is written to.
#pragma once

#include <filesystem>

namespace tvw {

/// The folder that `file` is in, "." for a name alone.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& file);
/// The same file under two names; false if one does not exist.
[[nodiscard]] bool same_file(const std::filesystem::path& a, const std::filesystem::path& b);

/// Where a file written to `path` ends up: `path`, or what it is a link to.
/// @throws Error kIo a file cannot be put there: its folder is missing or may not be written, its
/// name is too long, or what is there now is a folder, a device, a pipe or a link to nothing
[[nodiscard]] std::filesystem::path resolve_output(const std::filesystem::path& path);

}  // namespace tvw
