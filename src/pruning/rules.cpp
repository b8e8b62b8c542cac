#include "tvw/pruning/rules.hpp"

#include <cstdint>

#include "tvw/core/error.hpp"

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

/// Runs `use` of an expression, whose errors become one sentence.
template <class Use>
auto with_errors(const std::string& expression, const Use& use) {
  try {
    return use();
  } catch (const std::regex_error& error) {
    throw Error(ErrorCode::kUsage,
                "regular expression '" + expression + "' does not parse: " + error.what());
  }
}

std::regex compile(const std::string& expression) {
  check_size(expression);
  auto flags = std::regex::ECMAScript;
#ifdef __GLIBCXX__
  // Time and stack by the length of the name, not exponential in it; no back-references then.
  flags |= std::regex_constants::__polynomial;
#endif
  return with_errors(expression, [&] { return std::regex(expression, flags); });
}

}  // namespace

Rules::Expression::Expression(const std::string& expression)
    : text(expression), compiled(compile(expression)) {}

bool Rules::Expression::matches(const std::string& weight) {
  const bool found = with_errors(text, [&] { return std::regex_search(weight, compiled); });
  matched = matched || found;
  return found;
}

/// Or null. Looks at all of them, so that each knows whether it matched.
const Rules::Expression* Rules::first_match(std::vector<Expression>& expressions,
                                            const std::string& weight) {
  const Expression* found = nullptr;
  for (Expression& expression : expressions) {
    if (expression.matches(weight) && found == nullptr) found = &expression;
  }
  return found;
}

Rules::Rules(const Recipe& recipe)
    : pattern_(recipe.pattern),
      include_(recipe.include.begin(), recipe.include.end()),
      exclude_(recipe.exclude.begin(), recipe.exclude.end()),
      overrides_(recipe.overrides) {
  for (const Override& change : overrides_) override_matches_.emplace_back(change.match);
}

Decision Rules::decide(const std::string& weight) {
  Decision decision;
  decision.pattern = pattern_;
  const bool included = first_match(include_, weight) != nullptr || include_.empty();
  const Expression* excluded_by = first_match(exclude_, weight);
  const Override* skipped_by = nullptr;
  for (size_t i = 0; i < overrides_.size(); ++i) {
    if (!override_matches_[i].matches(weight)) continue;
    const Override& change = overrides_[i];
    if (change.skip) skipped_by = *change.skip ? &change : nullptr;
    if (change.pattern) decision.pattern = *change.pattern;
    if (change.sparsity) decision.sparsity = change.sparsity;
  }
  if (!included) {
    decision.reason = "not included";
  } else if (excluded_by != nullptr) {
    decision.reason = "excluded by '" + excluded_by->text + "'";
  } else if (skipped_by != nullptr) {
    decision.reason = "skipped by override '" + skipped_by->match + "'";
  } else {
    decision.prune = true;
  }
  return decision;
}

std::vector<std::string> Rules::unmatched() const {
  std::vector<std::string> found;
  const auto add = [&](const std::string& key, const std::vector<Expression>& expressions) {
    for (const Expression& expression : expressions) {
      if (!expression.matched) found.push_back(key + " '" + expression.text + "'");
    }
  };
  add("include", include_);
  add("exclude", exclude_);
  add("override", override_matches_);
  return found;
}

}  // namespace tvw::pruning
