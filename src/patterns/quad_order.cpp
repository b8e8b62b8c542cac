#include "patterns/quad_order.hpp"

#include <algorithm>
#include <array>

#include "patterns/byte_kernels.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::patterns {
namespace {

/// One deal: `hands` slots, each of which holds one of the `cards` rows; the rest of the cards is
/// held by none.
class Deal {
 public:
  Deal(int64_t hands, int64_t cards)
      : cards_(cards),
        worth_(static_cast<size_t>(hands * cards)),
        card_of_(static_cast<size_t>(hands)),
        owner_of_(static_cast<size_t>(cards), -1) {
    for (int64_t h = 0; h < hands; ++h) {
      card_of_[static_cast<size_t>(h)] = static_cast<int32_t>(h);
      owner_of_[static_cast<size_t>(h)] = static_cast<int32_t>(h);
    }
  }
  /// [cards]: what each card is worth in this hand.
  [[nodiscard]] uint32_t* worth(int64_t hand) {
    return &worth_[static_cast<size_t>(hand * cards_)];
  }
  [[nodiscard]] int64_t card_of(int64_t hand) const { return card_of_[static_cast<size_t>(hand)]; }
  [[nodiscard]] bool held(int64_t card) const { return owner_of_[static_cast<size_t>(card)] >= 0; }

  /// Lets every hand make its best exchange in turn; false if none gained.
  bool sweep() {
    bool gained = false;
    for (size_t h = 0; h < card_of_.size(); ++h)
      gained = exchange(static_cast<int64_t>(h)) || gained;
    return gained;
  }

 private:
  [[nodiscard]] int64_t at(int64_t hand, int64_t card) const {
    return worth_[static_cast<size_t>(hand * cards_ + card)];
  }

  bool exchange(int64_t hand) {
    const int64_t own = card_of(hand);
    const int64_t own_worth = at(hand, own);
    int64_t best_gain = 0;
    int64_t best_card = -1;
    for (int64_t card = 0; card < cards_; ++card) {
      int64_t gain = at(hand, card) - own_worth;
      const int32_t other = owner_of_[static_cast<size_t>(card)];
      if (other >= 0) gain += at(other, own) - at(other, card);
      if (gain > best_gain) {
        best_gain = gain;
        best_card = card;
      }
    }
    if (best_card < 0) return false;
    const int32_t other = owner_of_[static_cast<size_t>(best_card)];
    if (other >= 0) card_of_[static_cast<size_t>(other)] = static_cast<int32_t>(own);
    owner_of_[static_cast<size_t>(own)] = other;
    owner_of_[static_cast<size_t>(best_card)] = static_cast<int32_t>(hand);
    card_of_[static_cast<size_t>(hand)] = static_cast<int32_t>(best_card);
    return true;
  }

  int64_t cards_;
  std::vector<uint32_t> worth_;    // [hands, cards]
  std::vector<int32_t> card_of_;   // [hands]
  std::vector<int32_t> owner_of_;  // [cards], -1 = outside of the tile
};

class QuadOrder {
 public:
  QuadOrder(const uint8_t* tile, int64_t K, int64_t width, NmRatio nm, const QuadEffort& effort,
            std::vector<int32_t>& rows)
      : tile_(tile),
        width_(width),
        nm_(nm),
        effort_(effort),
        rows_(rows),
        floor_(static_cast<size_t>(width)) {
    std::vector<bool> inside(static_cast<size_t>(K), false);
    for (const int32_t k : rows) inside[static_cast<size_t>(k)] = true;
    for (int64_t k = 0; k < K; ++k) {
      if (!inside[static_cast<size_t>(k)]) pool_.push_back(static_cast<int32_t>(k));
    }
  }

  void run() {
    const auto quads = static_cast<int64_t>(rows_.size()) / nm_.group;  // a short last one stays
    if (quads == 0) return;
    const int64_t blocks = parts_of(quads, effort_.block_quads);
    for (int pass = 0; pass < effort_.passes; ++pass) {
      for (int64_t slot = 0; slot < nm_.group; ++slot) {
        for (int64_t block = 0; block < blocks; ++block) deal(slot, block, blocks, quads);
      }
    }
  }

 private:
  /// Quads block, block + blocks, ... and a stretch of the pool that moves on from deal to deal.
  void deal(int64_t slot, int64_t block, int64_t blocks, int64_t quads) {
    std::vector<int64_t> places;
    std::vector<int32_t> cards;
    for (int64_t q = block; q < quads; q += blocks) {
      places.push_back(q * nm_.group + slot);
      cards.push_back(rows_[static_cast<size_t>(places.back())]);
    }
    const auto hands = static_cast<int64_t>(places.size());
    const auto pool_size = static_cast<int64_t>(pool_.size());
    const int64_t drawn = std::min(effort_.block_pool, pool_size);
    for (int64_t i = 0; i < drawn; ++i) {
      cards.push_back(pool_[static_cast<size_t>((next_ + i) % pool_size)]);
    }
    Deal deal(hands, static_cast<int64_t>(cards.size()));
    for (int64_t h = 0; h < hands; ++h) {
      find_floor(places[static_cast<size_t>(h)]);
      max_sums(floor_.data(), tile_, cards.data(), static_cast<int64_t>(cards.size()), width_,
               deal.worth(h));
    }
    for (int sweep = 0; sweep < effort_.sweeps && deal.sweep(); ++sweep) {
    }
    for (int64_t h = 0; h < hands; ++h) {
      rows_[static_cast<size_t>(places[static_cast<size_t>(h)])] =
          cards[static_cast<size_t>(deal.card_of(h))];
    }
    int64_t place = next_;
    for (size_t card = 0; card < cards.size(); ++card) {
      if (deal.held(static_cast<int64_t>(card))) continue;
      pool_[static_cast<size_t>(place++ % pool_size)] = cards[card];
    }
    if (pool_size > 0) next_ = (next_ + drawn) % pool_size;
  }

  /// What a row in `place` must exceed, by columns, to add to its quad.
  void find_floor(int64_t place) {
    std::array<const uint8_t*, kMaxKeep> others{};
    int64_t count = 0;
    const int64_t first = place / nm_.group * nm_.group;
    for (int64_t i = first; i < first + nm_.group; ++i) {
      if (i != place) {
        others[static_cast<size_t>(count++)] = tile_ + rows_[static_cast<size_t>(i)] * width_;
      }
    }
    kth_largest(others.data(), count, nm_.keep, width_, floor_.data());
  }

  const uint8_t* tile_;
  int64_t width_;
  NmRatio nm_;
  QuadEffort effort_;
  std::vector<int32_t>& rows_;
  std::vector<int32_t> pool_;  // rows outside of the tile
  int64_t next_ = 0;           // first of the pool to be drawn
  std::vector<uint8_t> floor_;
};

}  // namespace

void order_rows(const uint8_t* tile, int64_t K, int64_t width, NmRatio nm, const QuadEffort& effort,
                std::vector<int32_t>& rows) {
  QuadOrder(tile, K, width, nm, effort, rows).run();
}

}  // namespace tvw::patterns
