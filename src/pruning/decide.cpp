#include <regex>

#include "tvw/core/error.hpp"
#include "tvw/pruning/recipe.hpp"

namespace tvw::pruning {
namespace {

/// States of the largest automaton: std::regex visits them by recursion.
constexpr int64_t kMaxStates = 10'000;
constexpr size_t kMaxLength = 1'000;
/// Longer numbers overflow inside of std::regex.
constexpr size_t kMaxDigits = 9;

[[noreturn]] void too_large(const std::string& expression, const std::string& what) {
  throw Error(ErrorCode::kUsage, "regular expression '" + expression + "' " + what);
}

/// Refuses what std::regex, which trusts its author, would end the program on.
void check_size(const std::string& expression) {
  if (expression.size() > kMaxLength) {
    too_large(expression, "has " + std::to_string(expression.size()) +
                              " characters, expected at most " + std::to_string(kMaxLength));
  }
  // Each {a,b} copies what it follows, which may hold others.
  auto states = static_cast<int64_t>(expression.size());
  int64_t number = 0;
  size_t digits = 0;
  bool in_braces = false;
  for (const char c : expression + '\0') {
    if (c >= '0' && c <= '9') {
      if (++digits > kMaxDigits) too_large(expression, "has a number of more than 9 digits");
      number = 10 * number + (c - '0');
      continue;
    }
    if (in_braces && number > 1) states *= number;
    in_braces = c == '{' || (in_braces && c == ',');
    if (states > kMaxStates) too_large(expression, "repeats too much");
    number = 0;
    digits = 0;
  }
}

std::regex compile(const std::string& expression) {
  check_size(expression);
  auto flags = std::regex::ECMAScript;
#ifdef __GLIBCXX__
  // Time and stack by the length of the name, not exponential in it; no back-references then.
  flags |= std::regex_constants::__polynomial;
#endif
  return std::regex(expression, flags);
}

bool matches(const std::string& expression, const std::string& text) {
  try {
    return std::regex_search(text, compile(expression));
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
