/// @file Versions of this program and of the libraries it was built with or runs on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tvw::cli {

[[nodiscard]] std::vector<std::pair<std::string, std::string>> library_versions();
/// "tvw 0.1.0" and one line a library: what --version prints.
[[nodiscard]] std::string versions_text();

}  // namespace tvw::cli
