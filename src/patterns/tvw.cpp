// Tile-vector-wise (arXiv 2402.10876, section IV): TW whose tiles are N:M along their packed rows,
// so that 1 - s = (1 - s_tw) * keep / group.
#include <string>

#include "patterns/patterns.hpp"
#include "patterns/tile_conformity.hpp"
#include "patterns/tile_rows.hpp"
#include "patterns/tile_select.hpp"
#include "tvw/core/error.hpp"

namespace tvw::patterns {
namespace {

class TvwPattern final : public Pattern {
 public:
  explicit TvwPattern(const PatternSpec& spec) : spec_(spec) {
    if (kRowChunk % spec.nm.group != 0) {
      throw Error(ErrorCode::kUsage,
                  "pattern '" + to_string(spec) + "': groups of " + std::to_string(spec.nm.group) +
                      " rows, expected a divisor of " + std::to_string(kRowChunk) +
                      ", the rows of a kernel's step");
    }
  }
  const PatternSpec& spec() const override { return spec_; }
  std::vector<Unit> units(MatrixView<const float> scores) const override {
    return tile_units(scores, spec_.granularity, spec_.nm);
  }
  Conformity conforms(const Selection& selection) const override {
    return tile_conformity(selection, spec_.granularity, spec_.nm);
  }

 protected:
  Selection do_select(MatrixView<const float> scores, Sparsity target,
                      const SelectOptions& options) const override {
    const double tile_density = target.density() / spec_.nm.density();
    return select_tiles(scores, {spec_.granularity, spec_.nm, tile_density}, options);
  }

 private:
  PatternSpec spec_;
};

}  // namespace

std::unique_ptr<Pattern> make_tvw(const PatternSpec& spec) {
  return std::make_unique<TvwPattern>(spec);
}

}  // namespace tvw::patterns
