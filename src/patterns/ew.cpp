// Element-wise: any single weight. Keeps round(density * K * N) elements.
#include <algorithm>
#include <cmath>
#include <functional>

#include "patterns/patterns.hpp"

namespace tvw::patterns {
namespace {

class EwPattern final : public Pattern {
 public:
  explicit EwPattern(const PatternSpec& spec) : spec_(spec) {}
  const PatternSpec& spec() const override { return spec_; }

  std::vector<Unit> units(MatrixView<const float> scores) const override {
    std::vector<Unit> units;
    units.reserve(static_cast<size_t>(scores.size()));
    for (int64_t k = 0; k < scores.rows; ++k) {
      for (int64_t n = 0; n < scores.cols; ++n) units.push_back({scores(k, n), 1});
    }
    return units;
  }

  Conformity conforms(const Selection& /*selection*/) const override {
    return {true, "", std::nullopt};
  }

 protected:
  Selection do_select(MatrixView<const float> scores, Sparsity target,
                      const SelectOptions& /*options*/) const override {
    Selection selection{Mask(scores.rows, scores.cols, false), std::nullopt};
    const int64_t keep = std::llround(target.density() * static_cast<double>(scores.size()));
    if (keep == 0) return selection;
    std::vector<float> ranked;
    ranked.reserve(static_cast<size_t>(scores.size()));
    for (int64_t k = 0; k < scores.rows; ++k) {
      ranked.insert(ranked.end(), scores.row(k), scores.row(k) + scores.cols);
    }
    const auto last = ranked.begin() + (keep - 1);
    std::nth_element(ranked.begin(), last, ranked.end(), std::greater<>());
    const float threshold = *last;
    // Those above the threshold all stay; of those equal to it the first ones, in row-major order.
    int64_t equal =
        keep - std::count_if(ranked.begin(), last, [&](float s) { return s > threshold; });
    for (int64_t k = 0; k < scores.rows; ++k) {
      for (int64_t n = 0; n < scores.cols; ++n) {
        const float score = scores(k, n);
        if (score > threshold || (score == threshold && equal-- > 0)) selection.mask.keep(k, n);
      }
    }
    return selection;
  }

 private:
  PatternSpec spec_;
};

}  // namespace

std::unique_ptr<Pattern> make_ew(const PatternSpec& spec) {
  return std::make_unique<EwPattern>(spec);
}

}  // namespace tvw::patterns
