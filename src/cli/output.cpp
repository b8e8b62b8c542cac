#include "cli/output.hpp"

#include <filesystem>
#include <iostream>

#include "tvw/core/error.hpp"
#include "tvw/core/output_path.hpp"
#include "tvw/core/text.hpp"
#include "tvw/record/json.hpp"

namespace tvw::cli {
namespace {

constexpr size_t kMaxCellBytes = 160;

}  // namespace

void print(std::string_view text) { std::cout << printable(text, Lines::kText); }

std::string cell(std::string_view text) { return printable(text, Lines::kOne, kMaxCellBytes); }

void check_result_path(const std::string& path, std::span<const std::string> inputs) {
  if (path.empty() || path == "-") return;
  static_cast<void>(resolve_output(path));
  for (const std::string& input : inputs) {
    if (!same_file(path, input)) continue;
    throw Error(ErrorCode::kIo, path + " is an input, which is never overwritten");
  }
}

void refuse_stdout(const std::string& path, std::string_view what) {
  if (path != "-") return;
  throw Error(ErrorCode::kUsage, std::string(what) + " cannot go to standard output: name a file");
}

void check_names_output(const std::filesystem::path& model) {
  std::error_code error;
  const auto type = std::filesystem::status(model, error).type();
  using enum std::filesystem::file_type;  // reading it says what is wrong with the first three
  if (type == not_found || type == none || type == directory || type == regular) return;
  throw Error(ErrorCode::kUsage,
              model.string() + " is no file to name the output after: name that with -o");
}

void write_result(std::string_view text, const std::string& path) {
  if (!path.empty() && path != "-") {
    record::save_text(printable(text, Lines::kText), path);
    return;
  }
  print(text);
}

void finish_output() {
  std::cout << std::flush;
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
