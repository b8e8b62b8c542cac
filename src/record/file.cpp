#include "record/file.hpp"

#include <cstdint>
#include <span>

#include "tvw/core/atomic_file.hpp"
#include "tvw/core/read_text.hpp"
#include "tvw/record/json.hpp"

namespace tvw::record {
namespace {

constexpr int64_t kLargestRecordBytes = int64_t{1} << 30;

}  // namespace

std::string read_record_text(const std::filesystem::path& path) {
  return read_text(path, "a record (JSON file)", kLargestRecordBytes);
}

void save_text(std::string_view text, const std::filesystem::path& path) {
  OutputSet files;
  write_text(text, path, files);
  files.commit();
}

void write_text(std::string_view text, const std::filesystem::path& path, OutputSet& files) {
  AtomicFile& file = files.add(path);
  file.write(std::as_bytes(std::span(text)));
  file.finish();
}

}  // namespace tvw::record
