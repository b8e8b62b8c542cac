#include "tvw/core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tvw/core/error.hpp"
#include "tvw/core/output_path.hpp"

namespace tvw {
namespace {

/// By this name a file without one can be linked.
std::string name_of_descriptor(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

int open_unnamed(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor >= 0 && access(name_of_descriptor(descriptor).c_str(), F_OK) != 0) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(resolve_output(path)), descriptor_(open_unnamed(folder_of(path_))) {
  if (descriptor_ >= 0) return;
  std::string name = folder_of(path_) / ".tvw-XXXXXX";
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot create");
  temporary_ = name;
  // mkostemp makes private files; this one is meant to be as readable as any other new file.
  const mode_t mask = umask(0);
  umask(mask);
  static_cast<void>(fchmod(descriptor_, 0666 & ~mask));
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* what) const {
  throw Error(ErrorCode::kIo,
              std::string(what) + " " + path_.string() + ": " + std::strerror(errno));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::finish() {
  if (fsync(descriptor_) != 0) fail("cannot write");
}

/// A link cannot take the place of a file, a rename can.
void AtomicFile::link_temporary() {
  for (unsigned number = 0;; ++number) {
    const std::filesystem::path name =
        folder_of(path_) / (".tvw-" + std::to_string(getpid()) + "-" + std::to_string(number));
    if (linkat(AT_FDCWD, name_of_descriptor(descriptor_).c_str(), AT_FDCWD, name.c_str(),
               AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      return;
    }
    if (errno != EEXIST) fail("cannot create");
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) link_temporary();
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot replace");
  temporary_.clear();
}

}  // namespace tvw
