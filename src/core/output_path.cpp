#include "tvw/core/output_path.hpp"

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "tvw/core/error.hpp"

namespace tvw {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw Error(ErrorCode::kIo, "cannot write " + path.string() + ": " + why);
}

}  // namespace

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

fs::path resolve_output(const fs::path& path) {
  std::error_code error;
  fs::path target = path;
  if (fs::is_symlink(path, error)) {
    target = fs::canonical(path, error);
    if (error) fail(path, "it is a link to nothing");
  }
  const fs::path folder = folder_of(target);
  if (!fs::is_directory(folder, error)) {
    fail(path, "the folder " + folder.string() + " does not exist");
  }
  if (target.filename().string().size() > NAME_MAX) {
    fail(path, "its name is longer than " + std::to_string(NAME_MAX) + " bytes");
  }
  const fs::file_status status = fs::status(target, error);
  if (fs::is_directory(status)) fail(path, "it is a folder");
  if (fs::exists(status) && !fs::is_regular_file(status)) fail(path, "it is no regular file");
  if (access(folder.c_str(), W_OK) != 0) {
    fail(path, "the folder " + folder.string() + " may not be written to: " + std::strerror(errno));
  }
  return target;
}

}  // namespace tvw
