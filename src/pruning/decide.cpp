#include <regex>

#include "tvw/core/error.hpp"
#include "tvw/pruning/recipe.hpp"

namespace tvw::pruning {
namespace {

bool matches(const std::string& expression, const std::string& text) {
  try {
    return std::regex_search(text, std::regex(expression, std::regex::ECMAScript));
  } catch (const std::regex_error& error) {
    throw Error(ErrorCode::kUsage,
                "regular expression '" + expression + "' does not parse: " + error.what());
  }
}

/// The first of `expressions` that matches, or null. All are compiled, so that a bad one is found
/// at once.
const std::string* first_match(const std::vector<std::string>& expressions,
                               const std::string& text) {
  const std::string* found = nullptr;
  for (const std::string& expression : expressions) {
    if (matches(expression, text) && found == nullptr) found = &expression;
  }
  return found;
}

}  // namespace

Decision decide(const Recipe& recipe, const std::string& weight) {
  Decision decision;
  decision.pattern = recipe.pattern;
  const bool included = recipe.include.empty() || first_match(recipe.include, weight) != nullptr;
  const std::string* excluded_by = first_match(recipe.exclude, weight);
  const Override* skipped_by = nullptr;
  for (const Override& change : recipe.overrides) {
    if (!matches(change.match, weight)) continue;
    skipped_by = change.skip ? &change : nullptr;
    if (change.pattern) decision.pattern = *change.pattern;
    if (change.sparsity) decision.sparsity = change.sparsity;
  }
  if (!included) {
    decision.reason = "not included";
  } else if (excluded_by != nullptr) {
    decision.reason = "excluded by '" + *excluded_by + "'";
  } else if (skipped_by != nullptr) {
    decision.reason = "skipped by override '" + skipped_by->match + "'";
  } else {
    decision.prune = true;
  }
  return decision;
}

}  // namespace tvw::pruning
