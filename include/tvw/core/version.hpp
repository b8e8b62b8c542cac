/// @file The program's own version.
#pragma once

#include <string_view>

namespace tvw {

[[nodiscard]] std::string_view version();  ///< "0.1.0"

}  // namespace tvw
