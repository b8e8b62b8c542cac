/// @file A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

namespace tvw {

/// Written under a temporary name beside `path`. Without commit() nothing is left behind.
class AtomicFile {
 public:
  /// @throws Error kIo
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// @throws Error kIo, e.g. no space left
  void write(std::span<const std::byte> bytes);
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// fsync and close: after this only the rename is left. @throws Error kIo
  void finish();
  /// Renames to the final name. REQUIRES: finish(). @throws Error kIo
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool exists_ = false;
};

}  // namespace tvw
