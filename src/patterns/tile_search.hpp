/// @file The search for good tiles: columns clustered, rows chosen, rows ordered into N:M groups,
/// in turn.
///
/// All of it works on ByteScores with integer sums, so the result is the same for any number of
/// threads and any instruction set.
#pragma once

#include <cstdint>
#include <vector>

#include "patterns/byte_scores.hpp"
#include "patterns/quad_order.hpp"
#include "patterns/tile_plan.hpp"
#include "tvw/core/tile_layout.hpp"

namespace tvw::patterns {

/// A layout under construction. `scores` must outlive it.
class TileSearch {
 public:
  /// Tiles take `columns` in the order given; those that are left over are dropped for now.
  TileSearch(const ByteScores& scores, const TileDemand& demand, std::vector<int64_t> widths,
             const std::vector<int32_t>& columns);

  /// Balanced k-means: a tile's centre is the set of its rows with the largest sums, a
  /// column's gain what it has on those rows. Ends when nothing moves.
  void cluster(int rounds);
  /// Only after cluster(): orders rows into groups and lets columns move by what they keep after
  /// N:M, in turn.
  void refine(int rounds, const QuadEffort& effort);
  /// Exchanges about one in `one_in` columns with columns of other tiles at random.
  void perturb(uint64_t seed, int one_in);

  /// Score kept, in bytes. Only after refine().
  [[nodiscard]] uint64_t value() const;
  [[nodiscard]] TileLayout layout() const;

 private:
  [[nodiscard]] int64_t tiles() const { return static_cast<int64_t>(widths_.size()); }
  [[nodiscard]] int64_t width(size_t t) const { return padded_width(widths_[t]); }
  [[nodiscard]] std::vector<uint8_t> tile_bytes(size_t t) const;
  /// What each group of `rows` keeps in a tile, [ceil(rows / group)].
  [[nodiscard]] std::vector<uint64_t> group_values(const std::vector<uint8_t>& tile, size_t t,
                                                   const std::vector<int32_t>& rows) const;
  void choose_rows();
  int64_t move_columns(NmRatio nm);
  void order(const QuadEffort& effort);
  void list_columns();

  const ByteScores* scores_;
  TileDemand demand_;
  std::vector<int64_t> widths_;                // [T]
  std::vector<std::vector<int32_t>> rows_;     // [T], packed order
  std::vector<std::vector<int32_t>> columns_;  // [T], ascending
  std::vector<int32_t> tile_of_;               // [N], T = dropped
};

}  // namespace tvw::patterns
