#include <array>
#include <cmath>
#include <string>

#include "patterns/patterns.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/text.hpp"

namespace tvw::patterns {
namespace {

// In the order of the enums.
constexpr std::array<std::string_view, 3> kPermutes{"off", "fast", "best"};
constexpr std::array<std::string_view, 2> kSplits{"equal", "auto"};

void check_parameters(const PatternSpec& spec) {
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorCode::kUsage, "pattern '" + to_string(spec) + "': " + why);
  };
  if (spec.granularity < 1) fail("granularity is below 1");
  if (spec.block_size < 1) fail("block size is below 1");
  if (spec.nm.keep < 1 || spec.nm.keep > spec.nm.group) fail("ratio keeps none or more than all");
}

}  // namespace

std::string_view name(Permute permute) { return kPermutes[static_cast<size_t>(permute)]; }
std::string_view name(Split split) { return kSplits[static_cast<size_t>(split)]; }

Permute parse_permute(std::string_view text) {
  return static_cast<Permute>(parse_word("permute", text, kPermutes));
}
Split parse_split(std::string_view text) {
  return static_cast<Split>(parse_word("split", text, kSplits));
}

Selection Pattern::select(MatrixView<const float> scores, Sparsity target,
                          const SelectOptions& options) const {
  if (scores.rows < 1 || scores.cols < 1) {
    throw Error(ErrorCode::kInvalidArgument, "a weight of shape [" + std::to_string(scores.rows) +
                                                 ", " + std::to_string(scores.cols) +
                                                 "] has no elements to select from");
  }
  return do_select(scores, effective_target(spec(), target), options);
}

std::unique_ptr<Pattern> make_pattern(const PatternSpec& spec) {
  check_parameters(spec);
  switch (spec.kind) {
    case PatternKind::kEw:
      return make_ew(spec);
    case PatternKind::kNm:
      return make_nm(spec);
    case PatternKind::kBlock:
      return make_block(spec);
    case PatternKind::kTw:
      return make_tw(spec);
    case PatternKind::kTvw:
      return make_tvw(spec);
  }
  throw Error(ErrorCode::kUsage, "unknown pattern kind");
}

double kept_score(MatrixView<const float> scores, const Mask& mask) {
  // One partial sum for each row, added in order: the same bits for any number of threads.
  std::vector<std::pair<double, double>> rows(static_cast<size_t>(scores.rows));
  parallel_for(scores.rows, [&](int64_t k) {
    double kept = 0.0;
    double all = 0.0;
    const float* row = scores.row(k);
    const uint64_t* words = mask.row_words(k);
    for (int64_t n = 0; n < scores.cols; ++n) {
      all += row[n];
      kept += ((words[n >> 6] >> (n & 63)) & 1) != 0 ? row[n] : 0.0F;
    }
    rows[static_cast<size_t>(k)] = {kept, all};
  });
  double kept = 0.0;
  double all = 0.0;
  for (const auto& [row_kept, row_all] : rows) {
    kept += row_kept;
    all += row_all;
  }
  return all > 0.0 ? kept / all : 1.0;
}

}  // namespace tvw::patterns
