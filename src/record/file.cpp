#include "record/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "tvw/core/error.hpp"
#include "tvw/record/json.hpp"

namespace tvw::record {
namespace {

constexpr uintmax_t kLargestRecordBytes = uintmax_t{1} << 30;

Error io_error(const std::filesystem::path& path, const std::string& what, int error) {
  return {ErrorCode::kIo, "'" + path.string() + "': " + what + ": " + std::strerror(error)};
}

/// Closes and removes the temporary file unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : path_(target.string() + ".tmp-XXXXXX"), fd_(mkostemp(path_.data(), O_CLOEXEC)) {
    if (fd_ < 0) throw io_error(target, "cannot be written", errno);
  }
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view text, const std::filesystem::path& target) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw io_error(target, "cannot be written", errno);
      text.remove_prefix(static_cast<size_t>(written));
    }
  }

  void become(const std::filesystem::path& target) {
    const mode_t mask = ::umask(0);  // mkostemp gives 0600; a record is as readable as any new file
    ::umask(mask);
    ::fchmod(fd_, 0666 & ~mask);
    if (::fsync(fd_) != 0) throw io_error(target, "cannot be written", errno);
    if (::close(std::exchange(fd_, -1)) != 0) throw io_error(target, "cannot be written", errno);
    if (::rename(path_.c_str(), target.c_str()) != 0) {
      throw io_error(target, "cannot be replaced", errno);
    }
    path_.clear();
  }

 private:
  std::string path_;
  int fd_;
};

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
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw Error(ErrorCode::kIo, "'" + path.string() + "' is a folder, expected a file to write to");
  }
  TemporaryFile file(path);
  file.write(text, path);
  file.become(path);
}

}  // namespace tvw::record
