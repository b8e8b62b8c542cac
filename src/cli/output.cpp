#include "cli/output.hpp"

#include <filesystem>
#include <iostream>

#include "tvw/core/error.hpp"
#include "tvw/record/json.hpp"

namespace tvw::cli {

void write_result(std::string_view text, const std::string& path) {
  if (!path.empty() && path != "-") {
    record::save_text(text, path);
    return;
  }
  std::cout << text << std::flush;
  if (!std::cout) throw Error(ErrorCode::kIo, "cannot write to standard output");
}

std::string unused_path(const std::string& path) {
  const std::filesystem::path wanted(path);
  std::filesystem::path candidate = wanted;
  for (int number = 2; std::filesystem::exists(candidate); ++number) {
    candidate = wanted;
    candidate.replace_filename(wanted.stem().string() + "-" + std::to_string(number) +
                               wanted.extension().string());
  }
  return candidate.string();
}

}  // namespace tvw::cli
