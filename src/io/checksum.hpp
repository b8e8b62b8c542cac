/// @file XXH3-128 as hexadecimal text.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace tvw::io {

[[nodiscard]] std::string checksum(std::span<const std::byte> bytes);

}  // namespace tvw::io
