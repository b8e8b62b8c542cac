/// @file Masks as a safetensors file: one BOOL tensor [K, N] per weight under the weight's name, 1
/// = kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/output_set.hpp"

namespace tvw::io {

struct NamedMask {
  std::string name;
  Mask mask;  ///< [K, N]
};

/// Adds `path` to `files`, which replaces it once they are committed.
/// @throws Error kIo, kInvalidArgument, kUnsupported a name that safetensors does not allow
void write_masks(const std::vector<NamedMask>& masks, const std::filesystem::path& path,
                 OutputSet& files);
/// @throws Error kIo, kBadFile
[[nodiscard]] std::vector<NamedMask> load_masks(const std::filesystem::path& path);

}  // namespace tvw::io
