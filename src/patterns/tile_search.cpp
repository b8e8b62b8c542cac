#include "patterns/tile_search.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include "patterns/byte_kernels.hpp"
#include "patterns/column_clusters.hpp"
#include "patterns/tile_rows.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::patterns {
namespace {

template <class Body>
void for_tiles(int64_t tiles, const Body& body) {
  parallel_for(tiles, [&](int64_t t) { body(static_cast<size_t>(t)); });
}

uint64_t sum(const std::vector<uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), uint64_t{0});
}

}  // namespace

TileSearch::TileSearch(const ByteScores& scores, const TileDemand& demand,
                       std::vector<int64_t> widths, const std::vector<int32_t>& columns)
    : scores_(&scores),
      demand_(demand),
      widths_(std::move(widths)),
      rows_(widths_.size()),
      columns_(widths_.size()),
      tile_of_(static_cast<size_t>(scores.N), static_cast<int32_t>(widths_.size())) {
  size_t next = 0;
  for (int64_t t = 0; t < tiles(); ++t) {
    for (int64_t i = 0; i < widths_[static_cast<size_t>(t)]; ++i) {
      tile_of_[static_cast<size_t>(columns[next++])] = static_cast<int32_t>(t);
    }
  }
  list_columns();
}

void TileSearch::cluster(int rounds) {
  choose_rows();
  for (int round = 0; round < rounds; ++round) {
    if (move_columns({1, 1}) == 0) return;
    choose_rows();
  }
}

void TileSearch::refine(int rounds, const QuadEffort& effort) {
  order(effort);
  for (int round = 0; round < rounds; ++round) {
    if (move_columns(demand_.nm) == 0) return;
    order(effort);
  }
}

void TileSearch::perturb(uint64_t seed, int one_in) {
  std::mt19937_64 random(
      seed);  // its numbers are fixed by the standard, those of distributions are not
  const size_t count = tile_of_.size() / static_cast<size_t>(one_in) + 1;
  for (size_t i = 0; i < count; ++i) {
    const size_t a = random() % tile_of_.size();
    const size_t b = random() % tile_of_.size();
    std::swap(tile_of_[a], tile_of_[b]);
  }
  list_columns();
}

uint64_t TileSearch::value() const {
  std::vector<uint64_t> values(rows_.size());
  for_tiles(tiles(), [&](size_t t) { values[t] = sum(group_values(tile_bytes(t), t, rows_[t])); });
  return sum(values);
}

TileLayout TileSearch::layout() const {
  TileLayout layout{demand_.granularity, {}};
  for (size_t t = 0; t < rows_.size(); ++t) {
    if (!rows_[t].empty()) layout.tiles.push_back({rows_[t], columns_[t]});
  }
  return layout;
}

std::vector<uint8_t> TileSearch::tile_bytes(size_t t) const {
  return gather_columns(*scores_, columns_[t], width(t));
}

std::vector<uint64_t> TileSearch::group_values(const std::vector<uint8_t>& tile, size_t t,
                                               const std::vector<int32_t>& rows) const {
  const auto count = static_cast<int64_t>(rows.size());
  std::vector<uint64_t> values;
  uint32_t gains[kLane];
  for (int64_t r = 0; r < count; r += demand_.nm.group) {
    uint64_t value = 0;
    for (int64_t c = 0; c < width(t); c += kLane) {
      group_gains(tile.data() + c, width(t), rows.data() + r, std::min(demand_.nm.group, count - r),
                  demand_.nm, gains);
      value = std::accumulate(gains, gains + kLane, value);
    }
    values.push_back(value);
  }
  return values;
}

void TileSearch::choose_rows() {
  std::vector<std::vector<double>> ranked(widths_.size());
  for_tiles(tiles(), [&](size_t t) {
    const std::vector<double> sums = row_sums(tile_bytes(t), scores_->K, width(t));
    rows_[t] = rank_rows(sums);
    for (const int32_t k : rows_[t]) ranked[t].push_back(sums[static_cast<size_t>(k)]);
  });
  const double elements = demand_.stored(scores_->K * scores_->N);
  const std::vector<int64_t> kept = share_rows(ranked, widths_, elements, demand_.nm);
  for (size_t t = 0; t < rows_.size(); ++t) rows_[t].resize(static_cast<size_t>(kept[t]));
}

int64_t TileSearch::move_columns(NmRatio nm) {
  const int64_t places = std::accumulate(widths_.begin(), widths_.end(), int64_t{0});
  ColumnGains gains(scores_->N, tiles() + (places < scores_->N ? 1 : 0));
  parallel_for(scores_->ld / kLane, [&](int64_t i) {
    uint32_t sums[kLane];
    const int64_t n0 = i * kLane;
    const int64_t end = std::min(kLane, scores_->N - n0);
    for (int64_t t = 0; t < tiles(); ++t) {
      const std::vector<int32_t>& rows = rows_[static_cast<size_t>(t)];
      group_gains(scores_->values.data() + n0, scores_->ld, rows.data(),
                  static_cast<int64_t>(rows.size()), nm, sums);
      for (int64_t c = 0; c < end; ++c) gains.at(n0 + c, t) = sums[c];
    }
  });
  const int64_t gained = improve_clusters(gains, tile_of_);
  list_columns();
  return gained;
}

void TileSearch::order(const QuadEffort& effort) {
  if (demand_.nm.group == 1) return;  // TW: choose_rows() has the best rows already
  for_tiles(tiles(), [&](size_t t) {
    order_rows(tile_bytes(t).data(), scores_->K, width(t), demand_.nm, effort, rows_[t]);
  });
}

void TileSearch::list_columns() {
  for (auto& list : columns_) list.clear();
  for (size_t n = 0; n < tile_of_.size(); ++n) {
    if (tile_of_[n] == tiles()) continue;
    columns_[static_cast<size_t>(tile_of_[n])].push_back(static_cast<int32_t>(n));
  }
}

}  // namespace tvw::patterns
