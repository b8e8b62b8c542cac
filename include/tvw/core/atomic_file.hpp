/// @file A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

namespace tvw {

/// Written without a name where the file system can do that, else under a temporary one beside
/// `path`. Without commit() nothing is left behind; without a name not even if the program is
/// killed.
class AtomicFile {
 public:
  /// @throws Error kIo as resolve_output() (output_path.hpp), or the file system refuses
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// @throws Error kIo, e.g. no space left
  void write(std::span<const std::byte> bytes);
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// fsync: after this only the name is left to be given. @throws Error kIo
  void finish();
  /// Gives it its name, in place of a file that has it. REQUIRES: finish(). @throws Error kIo
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;
  void link_temporary();

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< empty while the file has no name
  int descriptor_ = -1;
};

}  // namespace tvw
