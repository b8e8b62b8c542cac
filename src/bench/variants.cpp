#include "bench/variants.hpp"

#include <algorithm>

#include "tvw/patterns/pattern.hpp"
#include "tvw/patterns/score.hpp"

namespace tvw::bench {
namespace {

using record::RowRole;

constexpr double kMostSparse = 0.999;

/// A sparsity that a subject has, by the label that rows are grouped by and as a number.
struct Target {
  std::optional<double> label;
  double sparsity = 0.0;
};

/// The dense weights with their magnitude scores, to be pruned in several ways.
class Source {
 public:
  Source(const DenseMatrix& dense, const std::string& name)
      : dense_(dense), scores_(patterns::magnitude_scores(dense, name)) {}

  [[nodiscard]] Variant prune(const PatternSpec& spec, Sparsity target, RowRole role) const {
    const MatrixView<const float> scores(scores_.data(), dense_.K, dense_.N);
    const Selection selection = patterns::make_pattern(spec)->select(scores, target);
    Variant variant;
    variant.role = role;
    variant.pattern = to_string(spec);
    variant.weights = pack::pack(dense_, selection, spec);
    variant.sparsity = selection.mask.sparsity();
    variant.kept_score = patterns::kept_score(scores, selection.mask);
    return variant;
  }

 private:
  const DenseMatrix& dense_;
  std::vector<float> scores_;
};

bool same_label(const Variant& variant, const Target& target) {
  return variant.target_sparsity == target.label;
}

/// Adds a target unless one with its label is there.
void add_target(std::vector<Target>& targets, const Target& target) {
  const bool known = std::ranges::any_of(
      targets, [&](const Target& other) { return other.label == target.label; });
  if (!known) targets.push_back(target);
}

bool among(const std::vector<PatternSpec>& specs, PatternKind kind) {
  return std::ranges::any_of(specs, [kind](const PatternSpec& spec) { return spec.kind == kind; });
}

}  // namespace

std::vector<Variant> make_variants(const BenchRequest& request, const std::string& layer,
                                   LayerWeights weights) {
  const Source source(weights.dense, layer);
  std::vector<Variant> variants;
  std::vector<Target> targets;
  std::vector<PatternSpec> subjects = request.patterns;
  const bool pruned_already = !weights.packed.empty();
  const auto add_pruned = [&](const PatternSpec& spec, const Target& target, RowRole role) {
    const std::string pattern = to_string(spec);
    const bool known = std::ranges::any_of(variants, [&](const Variant& variant) {
      return variant.pattern == pattern && same_label(variant, target);
    });
    if (known) return;  // 2:4 has the same sparsity whatever is asked for
    Variant variant = source.prune(spec, Sparsity(target.sparsity), role);
    variant.target_sparsity = target.label;
    if (pruned_already) variant.kept_score.reset();  // a share of what is left says nothing
    variants.push_back(std::move(variant));
  };

  for (PackedVariant& packed : weights.packed) {
    subjects.push_back(packed.pattern);
    // All zeros is no sparsity that a pattern can be asked for.
    add_target(targets, {packed.target_sparsity, std::min(packed.sparsity, kMostSparse)});
    variants.push_back({RowRole::kSubject, to_string(packed.pattern), packed.target_sparsity,
                        std::move(packed.weights), packed.sparsity, packed.kept_score});
  }
  for (const Sparsity asked : request.sparsities) {
    for (const PatternSpec& spec : request.patterns) {
      const double sparsity = effective_target(spec, asked).value();
      const Target target{sparsity, sparsity};
      add_pruned(spec, target, RowRole::kSubject);
      add_target(targets, target);
    }
  }
  for (const Target& target : targets) {
    for (const PatternSpec& spec : request.baselines) {
      if (among(subjects, spec.kind)) continue;
      if (has_fixed_sparsity(spec)) {  // compared at its own sparsity or not at all
        const double own = effective_target(spec, Sparsity(target.sparsity)).value();
        add_pruned(spec, {own, own}, RowRole::kBaseline);
      } else {
        add_pruned(spec, target, RowRole::kBaseline);
      }
    }
  }
  Variant dense;
  dense.role = RowRole::kDense;
  dense.pattern = "dense";
  dense.weights = std::move(weights.dense);
  dense.kept_score = 1.0;
  variants.insert(variants.begin(), std::move(dense));
  return variants;
}

}  // namespace tvw::bench
