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
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.finish();
  file.commit();
}

}  // namespace tvw::record
