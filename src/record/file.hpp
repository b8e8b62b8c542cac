/// @file Reading record files; writing is record::save_text.
#pragma once

#include <filesystem>
#include <string>

namespace tvw::record {

/// @throws Error kIo
[[nodiscard]] std::string read_record_text(const std::filesystem::path& path);

}  // namespace tvw::record
