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

/// The best exchange of all pairs of tiles, kept while exchanges change the moves of two tiles.
class Exchanges {
 public:
  Exchanges(const Moves& moves, int64_t tiles) : moves_(moves), best_(static_cast<size_t>(tiles)) {
    for (int64_t a = 0; a < tiles; ++a) search(a);
  }

  struct Exchange {
    int64_t gain = 0;   ///< 0: none gains
    int64_t with = -1;  ///< the other tile
  };
  /// The tile whose exchange with a later one gains the most, the first of equals; -1 if none does.
  [[nodiscard]] int64_t best() const {
    const auto most = std::ranges::max_element(best_, {}, &Exchange::gain);
    return most == best_.end() || most->gain == 0 ? -1 : most - best_.begin();
  }
  [[nodiscard]] const Exchange& of(int64_t a) const { return best_[static_cast<size_t>(a)]; }

  /// The moves of these two tiles have changed.
  void refresh(int64_t changed_a, int64_t changed_b) {
    for (int64_t a = 0; a < std::ssize(best_); ++a) {
      const int64_t with = of(a).with;
      if (a == changed_a || a == changed_b || with == changed_a || with == changed_b) {
        search(a);
      } else {
        for (const int64_t b : {changed_a, changed_b}) {
          if (b > a) consider(a, b);
        }
      }
    }
  }

 private:
  void search(int64_t a) {
    best_[static_cast<size_t>(a)] = {};
    for (int64_t b = a + 1; b < std::ssize(best_); ++b) consider(a, b);
  }
  void consider(int64_t a, int64_t b) {
    Exchange& best = best_[static_cast<size_t>(a)];
    const int64_t gain = moves_.best(a, b).gain + moves_.best(b, a).gain;
    if (gain > best.gain || (gain > 0 && gain == best.gain && b < best.with)) best = {gain, b};
  }

  const Moves& moves_;
  std::vector<Exchange> best_;  // [tiles], with a later tile
};

}  // namespace

int64_t improve_clusters(const ColumnGains& gains, std::vector<int32_t>& tile_of) {
  Moves moves(gains, tile_of);
  Exchanges exchanges(moves, gains.tiles);
  int64_t total = 0;
  for (int64_t a = exchanges.best(); a >= 0; a = exchanges.best()) {
    const auto [gain, b] = exchanges.of(a);
    const auto [to_b, to_a] = moves.exchange(a, b);
    tile_of[static_cast<size_t>(to_b)] = static_cast<int32_t>(b);
    tile_of[static_cast<size_t>(to_a)] = static_cast<int32_t>(a);
    total += gain;
    exchanges.refresh(a, b);
  }
  return total;
}

}  // namespace tvw::patterns
