#include "patterns/tile_conformity.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace tvw::patterns {
namespace {

using Columns = std::vector<int32_t>;

/// Rows that each column keeps, ascending: [N].
std::vector<std::vector<int32_t>> rows_by_column(const Mask& mask) {
  std::vector<std::vector<int32_t>> rows(static_cast<size_t>(mask.cols()));
  for (int64_t k = 0; k < mask.rows(); ++k) {
    for (int64_t n = 0; n < mask.cols(); ++n) {
      if (mask.kept(k, n)) rows[static_cast<size_t>(n)].push_back(static_cast<int32_t>(k));
    }
  }
  return rows;
}

void cut(const Columns& columns, int64_t granularity, std::vector<Columns>& tiles) {
  for (size_t i = 0; i < columns.size(); i += static_cast<size_t>(granularity)) {
    const size_t end = std::min(columns.size(), i + static_cast<size_t>(granularity));
    tiles.emplace_back(columns.begin() + static_cast<int64_t>(i),
                       columns.begin() + static_cast<int64_t>(end));
  }
}

std::vector<Columns> consecutive(const std::vector<std::vector<int32_t>>& rows,
                                 int64_t granularity) {
  Columns surviving;
  for (size_t n = 0; n < rows.size(); ++n) {
    if (!rows[n].empty()) surviving.push_back(static_cast<int32_t>(n));
  }
  std::vector<Columns> tiles;
  cut(surviving, granularity, tiles);
  return tiles;
}

std::vector<Columns> alike(const std::vector<std::vector<int32_t>>& rows, int64_t granularity) {
  std::map<std::vector<int32_t>, Columns> groups;
  for (size_t n = 0; n < rows.size(); ++n) {
    if (!rows[n].empty()) groups[rows[n]].push_back(static_cast<int32_t>(n));
  }
  std::vector<Columns> tiles;
  for (const auto& [key, columns] : groups) cut(columns, granularity, tiles);
  return tiles;
}

std::vector<int32_t> union_of_rows(const Mask& mask, const Columns& columns) {
  std::vector<int32_t> rows;
  for (int64_t k = 0; k < mask.rows(); ++k) {
    const bool kept =
        std::any_of(columns.begin(), columns.end(), [&](int32_t n) { return mask.kept(k, n); });
    if (kept) rows.push_back(static_cast<int32_t>(k));
  }
  return rows;
}

/// Lets each group take the next of `rows` as long as every column keeps no more of it than it may,
/// and fills groups with rows that keep nothing: N:M may have left nothing of a row, which no mask
/// tells from a row outside of the tile. `rows` as they are if such rows run out.
std::vector<int32_t> with_empty_rows(const Mask& mask, const Columns& columns, NmRatio nm,
                                     const std::vector<int32_t>& rows) {
  std::vector<int32_t> empty;  // descending
  for (int64_t k = mask.rows() - 1; k >= 0; --k) {
    if (!std::binary_search(rows.begin(), rows.end(), k)) empty.push_back(static_cast<int32_t>(k));
  }
  std::vector<int32_t> packed;
  std::vector<int64_t> kept(columns.size(), 0);  // of the group so far
  const auto fits = [&](int32_t row) {
    for (size_t c = 0; c < columns.size(); ++c) {
      if (kept[c] == nm.keep && mask.kept(row, columns[c])) return false;
    }
    return true;
  };
  const auto group = static_cast<size_t>(nm.group);
  for (const int32_t row : rows) {
    while (packed.size() % group != 0 && !fits(row)) {
      if (empty.empty()) return rows;
      packed.push_back(empty.back());
      empty.pop_back();
    }
    if (packed.size() % group == 0) std::fill(kept.begin(), kept.end(), 0);
    packed.push_back(row);
    for (size_t c = 0; c < columns.size(); ++c) kept[c] += mask.kept(row, columns[c]) ? 1 : 0;
  }
  return packed;
}

/// Empty if every group of `tile` keeps no more than it may.
std::string group_violation(const Mask& mask, const Tile& tile, NmRatio nm) {
  for (size_t r0 = 0; r0 < tile.kept_k.size(); r0 += static_cast<size_t>(nm.group)) {
    const size_t end = std::min(tile.kept_k.size(), r0 + static_cast<size_t>(nm.group));
    for (const int32_t n : tile.kept_n) {
      int64_t kept = 0;
      for (size_t r = r0; r < end; ++r) kept += mask.kept(tile.kept_k[r], n) ? 1 : 0;
      if (kept > nm.keep) {
        return "column " + std::to_string(n) + " keeps " + std::to_string(kept) + " of the rows " +
               std::to_string(tile.kept_k[r0]) + " to " + std::to_string(tile.kept_k[end - 1]) +
               " of its tile, expected at most " + std::to_string(nm.keep) + " of each " +
               std::to_string(nm.group);
      }
    }
  }
  return "";
}

/// Values that the tile stores: nm.keep a column for each group, fewer if the last group has fewer
/// rows.
int64_t places(const Tile& tile, NmRatio nm) {
  const auto rows = static_cast<int64_t>(tile.kept_k.size());
  return (rows / nm.group * nm.keep + std::min(nm.keep, rows % nm.group)) *
         static_cast<int64_t>(tile.kept_n.size());
}

Conformity check(const Mask& mask, const TileLayout& tiles, int64_t granularity, NmRatio nm) {
  if (tiles.granularity != granularity) {
    return {false,
            "its tiles are of " + std::to_string(tiles.granularity) + " columns, expected " +
                std::to_string(granularity),
            std::nullopt};
  }
  if (std::string wrong = tiles_violation(tiles, mask); !wrong.empty()) {
    return {false, std::move(wrong), std::nullopt};
  }
  for (const Tile& tile : tiles.tiles) {
    if (std::string wrong = group_violation(mask, tile, nm); !wrong.empty()) {
      return {false, std::move(wrong), std::nullopt};
    }
  }
  return {true, "", tiles};
}

Conformity judge(const Mask& mask, const std::vector<Columns>& groups, int64_t granularity,
                 NmRatio nm) {
  TileLayout layout{granularity, {}};
  int64_t stored = 0;
  for (const Columns& columns : groups) {
    Tile tile{with_empty_rows(mask, columns, nm, union_of_rows(mask, columns)), columns};
    if (std::string violation = group_violation(mask, tile, nm); !violation.empty()) {
      return {false, std::move(violation), std::nullopt};
    }
    stored += places(tile, nm);
    layout.tiles.push_back(std::move(tile));
  }
  const int64_t spare = stored - mask.kept_count();
  if (static_cast<double>(spare) > kSpareShare * static_cast<double>(stored)) {
    return {false,
            "tiles of " + std::to_string(granularity) + " columns would store " +
                std::to_string(stored) + " weights for the " + std::to_string(mask.kept_count()) +
                " that are kept",
            std::nullopt};
  }
  return {true, "", std::move(layout)};
}

}  // namespace

Conformity tile_conformity(const Selection& selection, int64_t granularity, NmRatio nm) {
  const Mask& mask = selection.mask;
  if (selection.tiles) return check(mask, *selection.tiles, granularity, nm);
  const std::vector<std::vector<int32_t>> rows = rows_by_column(mask);
  Conformity natural = judge(mask, consecutive(rows, granularity), granularity, nm);
  if (natural.conforms || nm.keep != nm.group) return natural;
  // Tiles of a column each would take any mask: these must be as few as full ones are.
  const std::vector<Columns> groups = alike(rows, granularity);
  if (groups.size() > consecutive(rows, granularity).size()) return natural;
  Conformity grouped = judge(mask, groups, granularity, nm);
  return grouped.conforms ? grouped : natural;
}

}  // namespace tvw::patterns
