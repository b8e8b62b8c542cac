/// @file Small files, whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tvw {

/// What a user writes by hand is no longer than this.
inline constexpr int64_t kMostTextBytes = int64_t{16} << 20;

/// All of a file. `what` it should be ("a recipe") is for messages.
/// @throws Error kIo it cannot be read, is a folder, or is longer than `most_bytes`
[[nodiscard]] std::string read_text(const std::filesystem::path& path, std::string_view what,
                                    int64_t most_bytes = kMostTextBytes);

}  // namespace tvw
