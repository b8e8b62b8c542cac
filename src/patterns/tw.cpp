// Tile-wise (arXiv 2008.13006): columns dropped whole, the others cut into tiles of G columns, rows
// dropped per tile.
#include "patterns/patterns.hpp"
#include "patterns/tile_conformity.hpp"
#include "patterns/tile_select.hpp"

namespace tvw::patterns {
namespace {

constexpr NmRatio kDense{1, 1};

class TwPattern final : public Pattern {
 public:
  explicit TwPattern(const PatternSpec& spec) : spec_(spec) {}
  const PatternSpec& spec() const override { return spec_; }
  std::vector<Unit> units(MatrixView<const float> scores) const override {
    return tile_units(scores, spec_.granularity, kDense);
  }
  Conformity conforms(const Selection& selection) const override {
    return tile_conformity(selection, spec_.granularity, kDense);
  }

 protected:
  Selection do_select(MatrixView<const float> scores, Sparsity target,
                      const SelectOptions& options) const override {
    return select_tiles(scores, {spec_.granularity, kDense, target.density()}, options);
  }

 private:
  PatternSpec spec_;
};

}  // namespace

std::unique_ptr<Pattern> make_tw(const PatternSpec& spec) {
  return std::make_unique<TwPattern>(spec);
}

}  // namespace tvw::patterns
