/// @file Which weights of B[K, N] live or die together, and which of them to keep.
///
/// Every pattern selects by rank: units (an element, a group, a block, a row of a tile) are ordered
/// by the mean score of their elements, and equal scores keep the lower index (row-major; for tiles
/// the lower tile, then the lower row). So the target is met to within one unit and the result has
/// the same bits for any number of threads and any instruction set.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/matrix_view.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/selection.hpp"
#include "tvw/core/sparsity.hpp"
#include "tvw/core/tile_layout.hpp"

namespace tvw::patterns {

/// How much time TW and TVW spend on grouping columns into tiles and, TVW, rows into N:M groups.
/// Costs nothing when the weights run. A better setting never keeps less score.
enum class Permute : uint8_t {
  kOff,   ///< columns and rows in their own order
  kFast,  ///< some 0.05 s per million weights on one core
  kBest,  ///< some 20 times longer
};

/// How TW and TVW share the sparsity between whole columns and rows of tiles.
enum class Split : uint8_t {
  kEqual,  ///< 1 - s = (1 - s_col)(1 - s_row) with equal shares, rounded to whole tiles
  kAuto,   ///< whole tiles too, the number of columns that keeps more score
};

[[nodiscard]] std::string_view name(Permute permute);  ///< "off", "fast", "best"
[[nodiscard]] std::string_view name(Split split);      ///< "equal", "auto"
/// @throws Error kUsage with the nearest known word
[[nodiscard]] Permute parse_permute(std::string_view text);
[[nodiscard]] Split parse_split(std::string_view text);

struct SelectOptions {
  Permute permute = Permute::kFast;
  Split split = Split::kAuto;
};

/// Weights that live or die together, as the global budget ranks them.
struct Unit {
  float score = 0.0F;  ///< mean over the elements that stay if the unit is kept
  int32_t size = 0;    ///< number of those elements
};

/// Whether a selection is of a pattern.
struct Conformity {
  bool conforms = false;
  std::string violation;            ///< one sentence with the place; empty if it conforms
  std::optional<TileLayout> tiles;  ///< TW and TVW that conform: a layout that packs the mask
};

/// Stateless and safe to use from several threads.
class Pattern {
 public:
  virtual ~Pattern() = default;

  [[nodiscard]] virtual const PatternSpec& spec() const = 0;

  /// `scores` [K, N], K and N >= 1, finite and >= 0. The mask has `target` zeros to within one
  /// unit; n:m has those of its ratio whatever `target` is.
  /// @throws Error kUsage tvw with a target below the sparsity of its ratio
  /// @throws Error kInvalidArgument no elements
  [[nodiscard]] Selection select(MatrixView<const float> scores, Sparsity target,
                                 const SelectOptions& options = {}) const;

  /// All units of `scores` [K, N], in no stated order. Their sizes sum to what can be kept at most:
  /// K * N, or that times the ratio for n:m and tvw.
  [[nodiscard]] virtual std::vector<Unit> units(MatrixView<const float> scores) const = 0;

  /// TW and TVW check the selection's tiles. If it has none they look for some, of consecutive
  /// surviving columns, TW also of columns that keep the same rows, with rows in their own order;
  /// up to 1 % of the places a layout stores may then be zero. (Columns that `permute` clustered
  /// for TVW cannot be told from a mask alone.)
  [[nodiscard]] virtual Conformity conforms(const Selection& selection) const = 0;

 protected:
  [[nodiscard]] virtual Selection do_select(MatrixView<const float> scores, Sparsity target,
                                            const SelectOptions& options) const = 0;
};

/// @throws Error kUsage parameters out of range
[[nodiscard]] std::unique_ptr<Pattern> make_pattern(const PatternSpec& spec);

/// Sum of the scores that `mask` keeps, divided by the sum of all; 1 if all are zero. Same bits for
/// any number of threads.
[[nodiscard]] double kept_score(MatrixView<const float> scores, const Mask& mask);

}  // namespace tvw::patterns
