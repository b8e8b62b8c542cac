#include "bench/cache_file.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tvw/record/json.hpp"

namespace tvw::bench {

std::filesystem::path default_cache_file(const std::string& name) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::filesystem::path(cache) / "tvw" / name;
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".cache/tvw" / name;
  return {};
}

std::string read_cache(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write_cache(const std::string& text, const std::filesystem::path& file) {
  if (file.empty()) return;
  try {
    std::filesystem::create_directories(file.parent_path());
    record::save_text(text, file);
  } catch (const std::exception&) {  // e.g. a read-only home
  }
}

}  // namespace tvw::bench
