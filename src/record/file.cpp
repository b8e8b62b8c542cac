#include "record/file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>
#include <utility>

#include "tvw/core/atomic_file.hpp"
#include "tvw/core/error.hpp"
#include "tvw/record/json.hpp"

namespace tvw::record {
namespace {

constexpr uintmax_t kLargestRecordBytes = uintmax_t{1} << 30;

Error io_error(const std::filesystem::path& path, const std::string& what, int error) {
  return {ErrorCode::kIo, "'" + path.string() + "': " + what + ": " + std::strerror(error)};
}

}  // namespace

std::string read_record_text(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw Error(ErrorCode::kIo,
                "'" + path.string() + "' is a folder, expected a record (JSON file)");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw io_error(path, "cannot be read", errno);
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kLargestRecordBytes) {
    throw Error(ErrorCode::kIo, "'" + path.string() + "': got " + std::to_string(size) +
                                    " bytes, expected a record of at most 1 GiB");
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) throw io_error(path, "cannot be read", errno);
  return std::move(text).str();
}

void save_text(std::string_view text, const std::filesystem::path& path) {
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.finish();
  file.commit();
}

}  // namespace tvw::record
