#include "patterns/column_clusters.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tvw::patterns {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::min() / 4;

/// The best column to move from one tile to another, for every pair of tiles.
class Moves {
 public:
  Moves(const ColumnGains& gains, const std::vector<int32_t>& tile_of)
      : gains_(gains),
        members_(static_cast<size_t>(gains.tiles)),
        best_(static_cast<size_t>(gains.tiles * gains.tiles)) {
    for (int64_t n = 0; n < gains.columns; ++n) {
      members_[static_cast<size_t>(tile_of[static_cast<size_t>(n)])].push_back(
          static_cast<int32_t>(n));
    }
    for (int64_t t = 0; t < gains.tiles; ++t) refresh(t);
  }

  struct Move {
    int64_t gain;
    int64_t member;  ///< position in its tile's list
  };
  [[nodiscard]] const Move& best(int64_t from, int64_t to) const {
    return best_[static_cast<size_t>(from * gains_.tiles + to)];
  }

  /// Exchanges the two columns that best(a, b) and best(b, a) name; returns them.
  std::pair<int32_t, int32_t> exchange(int64_t a, int64_t b) {
    int32_t& from_a = members_[static_cast<size_t>(a)][static_cast<size_t>(best(a, b).member)];
    int32_t& from_b = members_[static_cast<size_t>(b)][static_cast<size_t>(best(b, a).member)];
    std::swap(from_a, from_b);
    const std::pair<int32_t, int32_t> moved{from_b, from_a};
    refresh(a);
    refresh(b);
    return moved;
  }

 private:
  void refresh(int64_t from) {
    Move* row = &best_[static_cast<size_t>(from * gains_.tiles)];
    std::fill(row, row + gains_.tiles, Move{kNone, -1});
    const std::vector<int32_t>& members = members_[static_cast<size_t>(from)];
    for (size_t i = 0; i < members.size(); ++i) {
      const uint32_t* gain = &gains_.values[static_cast<size_t>(members[i] * gains_.tiles)];
      const auto own = static_cast<int64_t>(gain[from]);
      for (int64_t to = 0; to < gains_.tiles; ++to) {
        const int64_t delta = static_cast<int64_t>(gain[to]) - own;
        if (delta > row[to].gain) row[to] = {delta, static_cast<int64_t>(i)};
      }
    }
  }

  const ColumnGains& gains_;
  std::vector<std::vector<int32_t>> members_;  // [tiles]
  std::vector<Move> best_;                     // [tiles, tiles]
};

}  // namespace

int64_t improve_clusters(const ColumnGains& gains, std::vector<int32_t>& tile_of) {
  Moves moves(gains, tile_of);
  int64_t total = 0;
  while (true) {
    int64_t best_gain = 0;
    int64_t best_a = -1;
    int64_t best_b = -1;
    for (int64_t a = 0; a < gains.tiles; ++a) {
      for (int64_t b = a + 1; b < gains.tiles; ++b) {
        const int64_t gain = moves.best(a, b).gain + moves.best(b, a).gain;
        if (gain > best_gain) {
          best_gain = gain;
          best_a = a;
          best_b = b;
        }
      }
    }
    if (best_a < 0) return total;
    const auto [to_b, to_a] = moves.exchange(best_a, best_b);
    tile_of[static_cast<size_t>(to_b)] = static_cast<int32_t>(best_b);
    tile_of[static_cast<size_t>(to_a)] = static_cast<int32_t>(best_a);
    total += best_gain;
  }
}

}  // namespace tvw::patterns
