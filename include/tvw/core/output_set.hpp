/// @file Files that appear together.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "tvw/core/atomic_file.hpp"

namespace tvw {

/// Of a command that writes several files: none has its name before all are complete.
class OutputSet {
 public:
  /// For the caller to write and finish(). Lives as long as this.
  /// @throws Error kIo as AtomicFile
  [[nodiscard]] AtomicFile& add(const std::filesystem::path& path);
  /// Gives them their names, in the order in which they were added, and makes those durable.
  /// @throws Error kIo; nothing new is left behind, unless a rename fails where one before did not
  void commit();

 private:
  struct File {
    std::filesystem::path path;
    std::unique_ptr<AtomicFile> file;
  };
  std::vector<File> files_;
};

}  // namespace tvw
