#include "pack/tile_indices.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "pack/words.hpp"
#include "tvw/pack/tw.hpp"

namespace tvw::pack {
namespace {

/// Ids from 0 to `limit`, each once but for the pad, `limit` itself.
/// @throws Error kBadFile
void check_ids(const char* format, const std::string& what, int64_t limit,
               std::span<const int32_t> ids) {
  std::vector<int32_t> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    const int32_t id = sorted[i];
    if (id < 0 || id > limit) bad(format, what + std::to_string(id));
    if (i > 0 && id == sorted[i - 1] && id != limit) {
      bad(format, what + std::to_string(id) + " twice");
    }
  }
}

}  // namespace

TileIndices make_tile_indices(const Mask& mask, const TileLayout& layout) {
  if (const std::string wrong = tiles_violation(layout, mask); !wrong.empty()) {
    throw Error(ErrorCode::kPatternMismatch, wrong);
  }
  const auto G = static_cast<size_t>(layout.granularity);
  TileIndices indices;
  indices.row_offsets.push_back(0);
  for (size_t t = 0; t < layout.tiles.size(); ++t) {
    const Tile& tile = layout.tiles[t];
    indices.n_index.insert(indices.n_index.end(), tile.kept_n.begin(), tile.kept_n.end());
    indices.n_index.resize((t + 1) * G, static_cast<int32_t>(mask.cols()));
    indices.k_index.insert(indices.k_index.end(), tile.kept_k.begin(), tile.kept_k.end());
    const size_t rows_padded = (indices.k_index.size() + kRowStep - 1) / kRowStep * kRowStep;
    indices.k_index.resize(rows_padded, static_cast<int32_t>(mask.rows()));
    indices.row_offsets.push_back(static_cast<int32_t>(rows_padded));
  }
  return indices;
}

void validate_tile_indices(const char* format, int64_t K, int64_t N, int64_t granularity,
                           const std::vector<int32_t>& k_index, const std::vector<int32_t>& n_index,
                           const std::vector<int32_t>& row_offsets) {
  check_shape(K, N, format);
  if (granularity < 1 || granularity > INT32_MAX) {
    bad(format, "granularity " + std::to_string(granularity));
  }
  const auto L = static_cast<int64_t>(k_index.size());
  if (row_offsets.empty() || row_offsets.front() != 0 || row_offsets.back() != L) {
    bad(format, "row offsets do not run from 0 to " + std::to_string(L));
  }
  const auto T = static_cast<int64_t>(row_offsets.size()) - 1;
  expect_count(format, "n_index", static_cast<int64_t>(n_index.size()), T * granularity);
  // Sorted copies and not marks per row and column: K and N are only said, the lists are there.
  for (int64_t t = 0; t < T; ++t) {
    const std::string where = "tile " + std::to_string(t);
    const int64_t begin = row_offsets[static_cast<size_t>(t)];
    const int64_t end = row_offsets[static_cast<size_t>(t) + 1];
    if (end < begin || end > L || end % kRowStep != 0) {
      bad(format, where + " has rows " + std::to_string(begin) + " to " + std::to_string(end) +
                      ", expected whole steps of " + std::to_string(kRowStep));
    }
    check_ids(
        format, where + " names row ", K,
        std::span(k_index).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
  }
  check_ids(format, "the tiles name column ", N, n_index);
}

}  // namespace tvw::pack
