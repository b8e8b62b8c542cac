/// @file Masks as a safetensors file: one BOOL tensor [K, N] per weight under the weight's name, 1
/// = kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tvw/core/mask.hpp"

namespace tvw::io {

struct NamedMask {
  std::string name;
  Mask mask;  ///< [K, N]
};

/// Replaces `path` atomically.
/// @throws Error kIo
void save_masks(const std::vector<NamedMask>& masks, const std::filesystem::path& path);
/// @throws Error kIo, kBadFile
[[nodiscard]] std::vector<NamedMask> load_masks(const std::filesystem::path& path);

}  // namespace tvw::io
