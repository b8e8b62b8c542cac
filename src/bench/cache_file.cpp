#include "bench/cache_file.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tvw/core/error.hpp"
#include "tvw/core/read_text.hpp"
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
  constexpr const char* kNothing = "{}";
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return kNothing;
  try {
    std::string text = read_text(file, "a cache of tvw");
    const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    return json.is_object() ? text : kNothing;
  } catch (const Error&) {
    return kNothing;
  }
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
