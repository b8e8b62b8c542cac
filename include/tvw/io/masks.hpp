/// @file What was decided for weights, as a safetensors file: under these masks a model is trained
/// on, and pruned again afterwards.
///
/// Per weight a BOOL tensor [K, N] under the weight's name, 1 = kept: rows of B, as the weight is
/// multiplied, however the model stores it. Of TW and TVW besides, as no mask tells which columns
/// and rows belong together: `<name>.tiles` I32 [T, 2], the number of rows and of columns of each
/// tile, and their ids, tile after tile, in the order in which they are packed: `<name>.kept_k` and
/// `<name>.kept_n`, I32. (So no weight may bear such a name besides.) Metadata: `tvw.masks` "1.1",
/// and `<name>.pattern`. Masks alone, as other programs write them, are read, too (BOOL or U8).
#pragma once

#include <filesystem>
#include <vector>

#include "tvw/core/output_set.hpp"
#include "tvw/core/selection.hpp"

namespace tvw::io {

/// Adds `path` to `files`, which replaces it once they are committed.
/// @throws Error kIo, kInvalidArgument, kUnsupported a name that safetensors does not allow
void write_masks(const std::vector<NamedSelection>& masks, const std::filesystem::path& path,
                 OutputSet& files);
/// Whether tiles fit their mask is not checked: Pattern::conforms does. Their granularity is the
/// pattern's, 0 where the file states none.
/// @throws Error kIo, kBadFile
[[nodiscard]] std::vector<NamedSelection> load_masks(const std::filesystem::path& path);

}  // namespace tvw::io
