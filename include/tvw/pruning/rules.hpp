/// @file What a recipe says about each weight by its name.
#pragma once

#include <cstddef>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/sparsity.hpp"
#include "tvw/pruning/recipe.hpp"

namespace tvw::pruning {

/// What the recipe says about one weight.
struct Decision {
  bool prune = false;
  std::string reason;  ///< why not: "not included", "excluded by 'RE'", "skipped by override 'RE'"
  PatternSpec pattern;
  std::optional<Sparsity> sparsity;  ///< fixed by an override
};

/// The include, exclude and overrides of a recipe, compiled.
class Rules {
 public:
  /// Keeps no reference to `recipe`.
  /// @throws Error kUsage a regular expression that does not parse or is too large; names it
  explicit Rules(const Recipe& recipe);

  /// Counts which expressions match, for unmatched().
  [[nodiscard]] Decision decide(const std::string& weight);

  /// Those that no weight decided so far matched, e.g. for their being misspelt: "exclude 'RE'",
  /// "include 'RE'", "override 'RE'", in the recipe's order.
  [[nodiscard]] std::vector<std::string> unmatched() const;

 private:
  struct Expression {
    std::string text;
    std::regex compiled;
    bool matched = false;

    explicit Expression(const std::string& expression);
    [[nodiscard]] bool matches(const std::string& weight);
  };
  static const Expression* first_match(std::vector<Expression>& expressions,
                                       const std::string& weight);

  PatternSpec pattern_;
  std::vector<Expression> include_, exclude_, override_matches_;
  std::vector<Override> overrides_;  ///< beside override_matches_
};

}  // namespace tvw::pruning
