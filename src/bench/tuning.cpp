#include "tvw/bench/tuning.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "bench/cache_file.hpp"
#include "tvw/core/version.hpp"

namespace tvw::bench {
using Json = nlohmann::json;

TuningFile::TuningFile(std::filesystem::path file, const kernels::Device& device)
    : file_(std::move(file)), device_(device.identity() + ", tvw " + std::string(version())) {
  if (file_.empty()) return;
  const Json all = Json::parse(read_cache(file_));
  const auto own = all.find(device_);
  if (own == all.end() || !own->is_object()) return;
  for (const auto& [key, way] : own->items()) {
    if (way.is_string()) ways_[key] = way.get<std::string>();
  }
}

std::optional<std::string> TuningFile::known(const std::string& key) const {
  const auto found = ways_.find(key);
  if (found == ways_.end()) return std::nullopt;
  return found->second;
}

void TuningFile::remember(const std::string& key, const std::string& way) {
  ways_[key] = way;
  if (file_.empty()) return;
  Json all = Json::parse(read_cache(file_));  // again: another run may have added to it
  Json& own = all[device_];
  if (!own.is_object()) own = Json::object();
  own.update(Json(ways_));
  write_cache(all.dump(1) + "\n", file_);
}

std::filesystem::path default_tuning_file() { return default_cache_file("tuning.json"); }

}  // namespace tvw::bench
