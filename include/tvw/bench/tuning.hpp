/// @file The choices that `tvw bench --tune` has measured.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "tvw/kernels/device.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::bench {

/// A JSON file {device: {problem: way}}, kept for one device; other devices' entries stay as they
/// are. A file that is damaged or not there knows nothing, and one that cannot be written costs the
/// measurement the next time.
class TuningFile final : public kernels::Tuning {
 public:
  /// `file` may be empty: then only this object remembers.
  TuningFile(std::filesystem::path file, const kernels::Device& device);

  [[nodiscard]] std::optional<std::string> known(const std::string& key) const override;
  /// Writes the file, atomically.
  void remember(const std::string& key, const std::string& way) override;

 private:
  std::filesystem::path file_;
  std::string device_;  ///< its identity and this program's version
  std::map<std::string, std::string> ways_;
};

/// $XDG_CACHE_HOME/tvw/tuning.json, else ~/.cache/tvw/tuning.json; empty if there is neither.
[[nodiscard]] std::filesystem::path default_tuning_file();

}  // namespace tvw::bench
