#include "tvw/core/output_set.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "tvw/core/output_path.hpp"

namespace tvw {
namespace {

/// Makes the names durable; the data is already. Some file systems cannot, which loses nothing
/// here.
void sync_folder(const std::filesystem::path& file) {
  const int descriptor = open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  static_cast<void>(fsync(descriptor));
  close(descriptor);
}

}  // namespace

AtomicFile& OutputSet::add(const std::filesystem::path& path) {
  files_.push_back({path, std::make_unique<AtomicFile>(path)});
  return *files_.back().file;
}

void OutputSet::commit() {
  for (const File& file : files_) file.file->commit();
  for (const File& file : files_) sync_folder(file.path);
}

}  // namespace tvw
