/// @file What to prune and how, as flags or a JSON file state it.
///
///   {"pattern": "tvw:g=64,nm=2:4", "sparsity": 0.75, "scope": "uniform", "min_keep": 0.1,
///    "score": "magnitude", "permute": "fast", "split": "auto", "include": ["encoder"],
///    "exclude": ["classifier$"],
///    "overrides": [{"match": "layer\\.0", "sparsity": 0.5, "pattern": "2:4"}, {"match": "head",
///    "skip": true}]}
///
/// Every key may be left out. Regular expressions are ECMAScript without back-references, of
/// up to 1000 characters, and match anywhere in the name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/sparsity.hpp"
#include "tvw/patterns/pattern.hpp"

namespace tvw::pruning {

enum class Scope : uint8_t { kUniform, kGlobal };
enum class Score : uint8_t { kMagnitude };

[[nodiscard]] std::string_view name(Scope scope);  ///< "uniform", "global"
[[nodiscard]] std::string_view name(Score score);  ///< "magnitude"
/// @throws Error kUsage with the nearest known word
[[nodiscard]] Scope parse_scope(std::string_view text);
[[nodiscard]] Score parse_score(std::string_view text);

/// What differs for the weights whose names `match`. The last override that matches wins, key by
/// key.
struct Override {
  std::string match;
  std::optional<PatternSpec> pattern;
  std::optional<Sparsity> sparsity;  ///< such a weight takes no part in the global budget
  std::optional<bool> skip;
};

struct Recipe {
  PatternSpec pattern;
  Sparsity sparsity{0.75};
  Scope scope = Scope::kUniform;
  double min_keep = 0.1;  ///< global only: share of each weight that is kept at least
  Score score = Score::kMagnitude;
  patterns::SelectOptions select;
  std::vector<std::string> include;  ///< empty: all
  std::vector<std::string> exclude;
  std::vector<Override> overrides;
};

/// @throws Error kIo unreadable
/// @throws Error kUsage not JSON, unknown key (with a suggestion), wrong type or value; names the
/// file
[[nodiscard]] Recipe load_recipe(const std::filesystem::path& path);
/// `where` names the text in messages.
[[nodiscard]] Recipe parse_recipe(std::string_view json, std::string_view where);
/// All keys, overrides with the keys they set. parse_recipe(to_json(r)) says the same as r.
[[nodiscard]] std::string to_json(const Recipe& recipe);

}  // namespace tvw::pruning
