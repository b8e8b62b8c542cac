// N:M ("2:4"): of every `group` consecutive K rows of a column, the `keep` highest scores. The last
// group may be short: it keeps up to `keep` of what it has, since it is packed as a group with
// zeros.
#include <algorithm>
#include <numeric>
#include <string>

#include "patterns/patterns.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::patterns {
namespace {

class NmPattern final : public Pattern {
 public:
  explicit NmPattern(const PatternSpec& spec) : spec_(spec) {}
  const PatternSpec& spec() const override { return spec_; }

  std::vector<Unit> units(MatrixView<const float> scores) const override {
    const Mask mask = do_select(scores, Sparsity(0.0), {}).mask;
    std::vector<Unit> units;
    for (int64_t k0 = 0; k0 < scores.rows; k0 += spec_.nm.group) {
      const int64_t end = std::min(k0 + spec_.nm.group, scores.rows);
      for (int64_t n = 0; n < scores.cols; ++n) {
        double sum = 0.0;
        int32_t size = 0;
        for (int64_t k = k0; k < end; ++k) {
          if (!mask.kept(k, n)) continue;
          sum += scores(k, n);
          ++size;
        }
        units.push_back({static_cast<float>(sum / size), size});
      }
    }
    return units;
  }

  Conformity conforms(const Selection& selection) const override {
    const Mask& mask = selection.mask;
    for (int64_t k0 = 0; k0 < mask.rows(); k0 += spec_.nm.group) {
      const int64_t end = std::min(k0 + spec_.nm.group, mask.rows());
      for (int64_t n = 0; n < mask.cols(); ++n) {
        int64_t kept = 0;
        for (int64_t k = k0; k < end; ++k) kept += mask.kept(k, n) ? 1 : 0;
        if (kept > spec_.nm.keep) {
          return {false,
                  "column " + std::to_string(n) + " keeps " + std::to_string(kept) +
                      " of its rows " + std::to_string(k0) + " to " + std::to_string(end - 1) +
                      ", expected at most " + std::to_string(spec_.nm.keep),
                  std::nullopt};
        }
      }
    }
    return {true, "", std::nullopt};
  }

 protected:
  Selection do_select(MatrixView<const float> scores, Sparsity /*target*/,
                      const SelectOptions& /*options*/) const override {
    Selection selection{Mask(scores.rows, scores.cols, false), std::nullopt};
    const int64_t group = spec_.nm.group;
    parallel_for(parts_of(scores.rows, group), [&](int64_t g) {
      const int64_t size = std::min(group, scores.rows - g * group);
      const int64_t keep = std::min(spec_.nm.keep, size);
      std::vector<int64_t> rows(static_cast<size_t>(size));
      for (int64_t n = 0; n < scores.cols; ++n) {
        std::iota(rows.begin(), rows.end(), g * group);
        std::partial_sort(rows.begin(), rows.begin() + keep, rows.end(), [&](int64_t a, int64_t b) {
          const float x = scores(a, n);
          const float y = scores(b, n);
          return x != y ? x > y : a < b;
        });
        for (int64_t i = 0; i < keep; ++i) selection.mask.keep(rows[static_cast<size_t>(i)], n);
      }
    });
    return selection;
  }

 private:
  PatternSpec spec_;
};

}  // namespace

std::unique_ptr<Pattern> make_nm(const PatternSpec& spec) {
  return std::make_unique<NmPattern>(spec);
}

}  // namespace tvw::patterns
