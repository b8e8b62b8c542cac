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

nlohmann::json read_cache(const std::filesystem::path& file) {
  using Json = nlohmann::json;
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return Json::object();
  try {
    Json json = Json::parse(read_text(file, "a cache of tvw"), nullptr, /*allow_exceptions=*/false);
    return json.is_object() ? json : Json::object();
  } catch (const Error&) {
    return Json::object();
  }
}

void write_cache(const nlohmann::json& object, const std::filesystem::path& file) {
  if (file.empty()) return;
  try {
    std::filesystem::create_directories(file.parent_path());
    record::save_text(object.dump(1) + "\n", file);
  } catch (const std::exception&) {  // e.g. a read-only home
  }
}

}  // namespace tvw::bench
