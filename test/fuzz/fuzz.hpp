/// @file What the fuzz targets share. A target may end in tvw::Error; anything else is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tvw::fuzz {

template <class Body>
void allow_errors(const Body& body) {
  try {
    body();
  } catch (const Error&) {  // a file refused is a file well read
  }
}

/// Ends the run where a promise was broken that no sanitizer sees.
inline void require(bool kept) {
  if (!kept) __builtin_trap();
}

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A folder for the files of this process.
inline const test::TempDir& folder() {
  static const test::TempDir dir;
  return dir;
}

inline std::filesystem::path write_file(const std::string& name, std::string_view bytes) {
  const std::filesystem::path path = folder() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace tvw::fuzz
