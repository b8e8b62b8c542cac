#include "pack/tile_indices.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "pack/words.hpp"
#include "tvw/pack/tw.hpp"

namespace tvw::pack {
namespace {

[[noreturn]] void bad_layout(size_t tile, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "tile " + std::to_string(tile) + ": " + what);
}

/// Marks `ids`; each must be below `limit` and not marked before.
void mark_ids(const std::vector<int32_t>& ids, int64_t limit, const char* what, size_t tile,
              std::vector<bool>& marked) {
  for (const int32_t id : ids) {
    if (id < 0 || id >= limit) {
      bad_layout(tile, std::string(what) + " " + std::to_string(id) + ", expected an id below " +
                           std::to_string(limit));
    }
    if (marked[static_cast<size_t>(id)]) {
      bad_layout(tile, std::string(what) + " " + std::to_string(id) + " is used twice");
    }
    marked[static_cast<size_t>(id)] = true;
  }
}

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

/// Weights that `mask` keeps inside of the tile.
int64_t kept_inside(const Mask& mask, const Tile& tile) {
  int64_t kept = 0;
  for (const int32_t k : tile.kept_k) {
    for (const int32_t n : tile.kept_n) kept += mask.kept(k, n) ? 1 : 0;
  }
  return kept;
}

}  // namespace

TileIndices make_tile_indices(const Mask& mask, const TileLayout& layout) {
  const auto G = static_cast<size_t>(std::max<int64_t>(layout.granularity, 0));
  if (G == 0) throw Error(ErrorCode::kInvalidArgument, "granularity 0, expected 1 or more");
  TileIndices indices;
  indices.row_offsets.push_back(0);
  std::vector<bool> columns(static_cast<size_t>(mask.cols()));
  int64_t kept = 0;
  for (size_t t = 0; t < layout.tiles.size(); ++t) {
    const Tile& tile = layout.tiles[t];
    if (tile.kept_n.size() > G) {
      bad_layout(t, std::to_string(tile.kept_n.size()) + " columns, expected at most " +
                        std::to_string(G));
    }
    mark_ids(tile.kept_n, mask.cols(), "column", t, columns);
    std::vector<bool> rows(static_cast<size_t>(mask.rows()));
    mark_ids(tile.kept_k, mask.rows(), "row", t, rows);
    kept += kept_inside(mask, tile);

    indices.n_index.insert(indices.n_index.end(), tile.kept_n.begin(), tile.kept_n.end());
    indices.n_index.resize((t + 1) * G, static_cast<int32_t>(mask.cols()));
    indices.k_index.insert(indices.k_index.end(), tile.kept_k.begin(), tile.kept_k.end());
    const size_t rows_padded = (indices.k_index.size() + kRowStep - 1) / kRowStep * kRowStep;
    indices.k_index.resize(rows_padded, static_cast<int32_t>(mask.rows()));
    indices.row_offsets.push_back(static_cast<int32_t>(rows_padded));
  }
  if (kept != mask.kept_count()) {
    throw Error(ErrorCode::kPatternMismatch, "mask keeps " + std::to_string(mask.kept_count()) +
                                                 " weights, " + std::to_string(kept) +
                                                 " of them inside of the tiles");
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
