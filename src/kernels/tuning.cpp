#include "tvw/kernels/tuning.hpp"

#include <algorithm>
#include <vector>

namespace tvw::kernels {
namespace {

std::string tiles_text(int64_t tiles, int64_t granularity) {
  return std::to_string(tiles) + " tiles of " + std::to_string(granularity) + ", ";
}

std::string ratio_text(NmRatio nm) {
  return std::to_string(nm.keep) + ":" + std::to_string(nm.group) + ", ";
}

std::string weights_text(const pack::PackedWeights& weights) {
  std::string text = std::string(pack::format_name(weights)) + ", ";
  if (const auto* tw = std::get_if<pack::TwMatrix>(&weights)) {
    text += tiles_text(tw->tiles(), tw->granularity);
  }
  if (const auto* tvw = std::get_if<pack::TvwMatrix>(&weights)) {
    text += tiles_text(tvw->tiles(), tvw->granularity) + ratio_text(tvw->nm);
  }
  if (const auto* nm = std::get_if<pack::NmMatrix>(&weights)) text += ratio_text(nm->nm);
  if (const auto* block = std::get_if<pack::BlockEllMatrix>(&weights)) {
    text += "blocks of " + std::to_string(block->ell_block_size) + ", ";
  }
  return text + std::to_string(pack::stored_values(weights)) + " values";
}

}  // namespace

std::string tuning_key(std::string_view executor, const Problem& problem) {
  const GemmShape s = problem.shape();
  return std::string(executor) + " | " + std::string(name(problem.dtype)) + " " +
         std::string(name(problem.layout)) + " | " + std::to_string(s.M) + " x " +
         std::to_string(s.N) + " x " + std::to_string(s.K) + " | " +
         weights_text(*problem.weights) + " | " + name(problem.epilogue);
}

std::optional<size_t> known_way(std::string_view executor, const Problem& problem,
                                std::span<const std::string> ways) {
  if (problem.tuning == nullptr) return std::nullopt;
  const auto way = problem.tuning->known(tuning_key(executor, problem));
  if (!way) return std::nullopt;
  const auto found = std::ranges::find(ways, *way);
  if (found == ways.end()) return std::nullopt;  // of another version
  return static_cast<size_t>(found - ways.begin());
}

size_t choose_way(std::string_view executor, const Problem& problem,
                  std::span<const std::string> ways, const std::function<size_t()>& measure) {
  if (const auto known = known_way(executor, problem, ways)) return *known;
  const size_t fastest = measure();
  if (problem.tuning != nullptr) {
    problem.tuning->remember(tuning_key(executor, problem), ways[fastest]);
  }
  return fastest;
}

size_t fastest_in_turns(size_t count, const std::function<double(size_t)>& time_us) {
  constexpr size_t kRounds = 7;
  std::vector<std::vector<double>> samples(count);
  for (size_t round = 0; round < kRounds; ++round) {
    for (size_t k = 0; k < count; ++k) {
      const size_t i = (k + round) % count;
      samples[i].push_back(time_us(i));
    }
  }
  std::vector<double> medians;
  for (std::vector<double>& list : samples) {
    std::nth_element(list.begin(), list.begin() + kRounds / 2, list.end());
    medians.push_back(list[kRounds / 2]);
  }
  return static_cast<size_t>(std::ranges::min_element(medians) - medians.begin());
}

}  // namespace tvw::kernels
