#include "tvw/pruning/prune.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "tvw/core/error.hpp"
#include "tvw/patterns/score.hpp"
#include "tvw/pruning/budget.hpp"
#include "tvw/pruning/rules.hpp"

namespace tvw::pruning {
namespace {

/// A weight that the recipe chooses.
struct Choice {
  size_t source = 0;
  WeightEntry entry;
  PatternSpec pattern;
  Sparsity target{0.0};
  bool shares_budget = false;
  const Selection* given = nullptr;  ///< what was decided before, if anything was

  [[nodiscard]] int64_t elements() const { return entry.K * entry.N; }
};

MatrixView<const float> view(const std::vector<float>& scores, const WeightEntry& entry) {
  return {scores.data(), entry.K, entry.N};
}

std::vector<float> scores_of(const DenseMatrix& weight, const WeightEntry& entry, Score score) {
  if (weight.K != entry.K || weight.N != entry.N || weight.values.count() != entry.K * entry.N) {
    throw Error(ErrorCode::kInvalidArgument,
                "weight '" + entry.name + "' was loaded as [" + std::to_string(weight.K) + ", " +
                    std::to_string(weight.N) + "], expected [" + std::to_string(entry.K) + ", " +
                    std::to_string(entry.N) + "]");
  }
  switch (score) {
    case Score::kMagnitude:
      return patterns::magnitude_scores(weight, entry.name);
  }
  throw Error(ErrorCode::kUsage, "unknown score");
}

/// The weights that the recipe does not leave out; those that it does go to result.skipped.
/// `choose(choice, decision)` completes a choice, or says why there is none.
template <class Choose>
std::vector<Choice> choices_of(const WeightSource& source, const Recipe& recipe,
                               PruneResult& result, Choose choose) {
  std::vector<Choice> choices;
  Rules rules(recipe);
  for (size_t i = 0; i < source.count(); ++i) {
    Choice choice;
    choice.source = i;
    choice.entry = source.entry(i);
    const Decision decision = rules.decide(choice.entry.name);
    std::string reason = decision.reason;
    if (decision.prune) {
      choice.pattern = decision.pattern;
      const bool empty = choice.entry.K < 1 || choice.entry.N < 1;
      reason = empty ? "has no elements" : choose(choice, decision);
    }
    if (reason.empty()) {
      choices.push_back(std::move(choice));
    } else {
      result.skipped.push_back({i, choice.entry.name, std::move(reason)});
    }
  }
  result.unmatched = rules.unmatched();
  return choices;
}

std::vector<Choice> by_recipe(const WeightSource& source, const Recipe& recipe,
                              PruneResult& result) {
  return choices_of(source, recipe, result, [&](Choice& choice, const Decision& decision) {
    choice.target = effective_target(decision.pattern, decision.sparsity.value_or(recipe.sparsity));
    choice.shares_budget = recipe.scope == Scope::kGlobal && !decision.sparsity &&
                           !has_fixed_sparsity(decision.pattern);
    return std::string();
  });
}

std::vector<Choice> by_given(const WeightSource& source, const Recipe& recipe,
                             std::span<const NamedSelection> given, PruneResult& result) {
  std::map<std::string_view, const NamedSelection*> by_name;
  for (const NamedSelection& named : given) by_name[named.name] = &named;
  auto choices = choices_of(source, recipe, result, [&](Choice& choice, const Decision&) {
    const auto found = by_name.find(choice.entry.name);
    if (found == by_name.end()) return std::string("no mask is given for it");
    const NamedSelection& named = *found->second;
    if (named.pattern) choice.pattern = *named.pattern;
    choice.given = &named.selection;
    return std::string();
  });
  std::set<std::string> names;
  for (size_t i = 0; i < source.count(); ++i) names.insert(source.entry(i).name);
  size_t unknown = 0;
  std::string first;
  for (const NamedSelection& named : given) {
    if (!names.contains(named.name) && unknown++ == 0) first = "mask '" + named.name + "'";
  }
  if (unknown > 1) first += " and " + std::to_string(unknown - 1) + " more";
  if (unknown > 0) result.unmatched.push_back(first);
  return choices;
}

/// What is given, with tiles that pack it.
Selection checked(const Choice& choice, const patterns::Pattern& pattern) {
  Selection selection = *choice.given;
  const Mask& mask = selection.mask;
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::kPatternMismatch, "the mask of '" + choice.entry.name + "' " + why);
  };
  if (mask.rows() != choice.entry.K || mask.cols() != choice.entry.N) {
    refuse("is [" + std::to_string(mask.rows()) + ", " + std::to_string(mask.cols()) +
           "], expected [" + std::to_string(choice.entry.K) + ", " +
           std::to_string(choice.entry.N) + "]");
  }
  if (selection.tiles && selection.tiles->granularity == 0) {  // not stated
    selection.tiles->granularity = choice.pattern.granularity;
  }
  patterns::Conformity conformity = pattern.conforms(selection);
  if (!conformity.conforms) {
    refuse("is not of pattern " + to_string(choice.pattern) + ": " + conformity.violation);
  }
  selection.tiles = std::move(conformity.tiles);
  return selection;
}

/// Values other than 0 that `mask` drops, those too small for a score among them.
int64_t lost_values(const DenseMatrix& weight, const Mask& mask) {
  const Mask nonzero = patterns::nonzero_mask(weight);
  int64_t lost = 0;
  for (int64_t k = 0; k < mask.rows(); ++k) {
    for (int64_t w = 0; w < mask.words_per_row(); ++w) {
      lost += std::popcount(nonzero.row_words(k)[w] & ~mask.row_words(k)[w]);
    }
  }
  return lost;
}

/// Replaces the targets of the weights that share the budget.
void share_budget(const WeightSource& source, const Recipe& recipe, std::vector<Choice>& choices) {
  GlobalBudget budget;
  for (const Choice& choice : choices) {
    if (!choice.shares_budget) continue;
    const DenseMatrix weight = source.load(choice.source);
    const std::vector<float> scores = scores_of(weight, choice.entry, recipe.score);
    const auto pattern = patterns::make_pattern(choice.pattern);
    budget.add(pattern->units(view(scores, choice.entry)), choice.elements(),
               patterns::mean_score(view(scores, choice.entry)));
  }
  const std::vector<Sparsity> targets = budget.targets(recipe.sparsity, recipe.min_keep);
  size_t next = 0;
  for (Choice& choice : choices) {
    if (!choice.shares_budget) continue;
    // Short last groups can keep more than the ratio, but no target may ask for it.
    const bool tvw = choice.pattern.kind == PatternKind::kTvw;
    const Sparsity least(tvw ? 1.0 - choice.pattern.nm.density() : 0.0);
    choice.target = std::max(targets[next++], least);
  }
}

/// A layer without weights is dead; somebody may want that, but has to say so.
bool may_vanish(const Recipe& recipe, const Choice& choice) {
  return choice.given != nullptr || (choice.shares_budget && recipe.min_keep == 0.0);
}

/// Completes `result` with what comes of the choices.
PruneResult decide(const WeightSource& source, const Recipe& recipe,
                   const std::vector<Choice>& choices, PruneResult result,
                   const PruneHooks& hooks) {
  int64_t total = 0;
  for (const Choice& choice : choices) total += choice.elements();
  int64_t done = 0, pruned_elements = 0, zeros = 0;
  for (const Choice& choice : choices) {
    if (hooks.progress) hooks.progress(choice.source, done, total);
    const DenseMatrix weight = source.load(choice.source);
    PrunedWeight pruned;
    {
      const std::vector<float> scores = scores_of(weight, choice.entry, recipe.score);
      const auto pattern = patterns::make_pattern(choice.pattern);
      pruned.selection = choice.given != nullptr ? checked(choice, *pattern)
                                                 : pattern->select(view(scores, choice.entry),
                                                                   choice.target, recipe.select);
      pruned.kept_score = patterns::kept_score(view(scores, choice.entry), pruned.selection.mask);
    }
    if (choice.given != nullptr) pruned.lost = lost_values(weight, pruned.selection.mask);
    done += choice.elements();
    const int64_t kept = pruned.selection.mask.kept_count();
    if (kept == 0 && !may_vanish(recipe, choice)) {
      result.skipped.push_back({choice.source, choice.entry.name,
                                "too small: of its share nothing would be left in units of " +
                                    to_string(choice.pattern)});
      continue;
    }
    pruned.source = choice.source;
    pruned.name = choice.entry.name;
    pruned.K = choice.entry.K;
    pruned.N = choice.entry.N;
    pruned.pattern = choice.pattern;
    pruned.achieved = pruned.selection.mask.sparsity();
    pruned.target = choice.given != nullptr ? pruned.achieved : choice.target.value();
    pruned_elements += choice.elements();
    zeros += choice.elements() - kept;
    result.mean_kept_score += pruned.kept_score;
    if (hooks.pruned) hooks.pruned(pruned, weight);
    result.weights.push_back(std::move(pruned));
  }
  if (pruned_elements > 0) {
    result.achieved = static_cast<double>(zeros) / static_cast<double>(pruned_elements);
  }
  if (!result.weights.empty()) {
    result.mean_kept_score /= static_cast<double>(result.weights.size());
  }
  return result;
}

}  // namespace

PruneResult prune(const WeightSource& source, const Recipe& recipe, const PruneHooks& hooks) {
  PruneResult result;
  std::vector<Choice> choices = by_recipe(source, recipe, result);
  if (recipe.scope == Scope::kGlobal) share_budget(source, recipe, choices);
  return decide(source, recipe, choices, std::move(result), hooks);
}

PruneResult apply(const WeightSource& source, const Recipe& recipe,
                  std::span<const NamedSelection> given, const PruneHooks& hooks) {
  PruneResult result;
  const std::vector<Choice> choices = by_given(source, recipe, given, result);
  return decide(source, recipe, choices, std::move(result), hooks);
}

}  // namespace tvw::pruning
