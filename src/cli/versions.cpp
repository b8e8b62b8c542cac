#include "cli/versions.hpp"

#include "tvw/core/version.hpp"

namespace tvw::cli {

// Versions that CMake found when it configured this build (src/cli/CMakeLists.txt).
std::vector<std::pair<std::string, std::string>> library_versions() {
  return {
      {"onnx", TVW_VERSION_ONNX},
      {"protobuf", TVW_VERSION_PROTOBUF},
      {"oneDNN", TVW_VERSION_ONEDNN},
      {"Highway", TVW_VERSION_HIGHWAY},
      {"CLI11", TVW_VERSION_CLI11},
      {"spdlog", TVW_VERSION_SPDLOG},
      {"nlohmann_json", TVW_VERSION_NLOHMANN_JSON},
      {"xxHash", TVW_VERSION_XXHASH},
      {"compiler", TVW_VERSION_COMPILER},
  };
}

std::string versions_text() {
  std::string text = "tvw " + std::string(version());
  for (const auto& [library, number] : library_versions()) text += "\n  " + library + " " + number;
  return text;
}

}  // namespace tvw::cli
