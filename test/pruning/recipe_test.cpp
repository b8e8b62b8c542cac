// Recipes: what they say, and one clear sentence for whatever they cannot say.
#include "tvw/pruning/recipe.hpp"

#include <fstream>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/pruning/rules.hpp"

namespace tvw {
namespace {

using pruning::parse_recipe;
using pruning::Recipe;
using pruning::Rules;

TEST_CASE("an empty recipe is the default one", "[pruning]") {
  const Recipe recipe = parse_recipe("{}", "test");
  CHECK(to_string(recipe.pattern) == to_string(PatternSpec{}));
  CHECK(recipe.sparsity == Sparsity(0.75));
  CHECK(recipe.scope == pruning::Scope::kUniform);
  CHECK(recipe.include.empty());
}

TEST_CASE("a recipe survives the way through JSON", "[pruning]") {
  const char* text = R"({"pattern": "tw:g=32", "sparsity": 0.6, "scope": "global",
    "min_keep": 0.2, "permute": "best", "split": "equal", "include": ["enc"],
    "exclude": ["head$"], "overrides": [{"match": "a", "sparsity": 0.5, "pattern": "2:4"},
    {"match": "b", "skip": true}, {"match": "bc", "skip": false}]})";
  const Recipe recipe = parse_recipe(text, "test");
  const Recipe again = parse_recipe(pruning::to_json(recipe), "again");
  CHECK(pruning::to_json(again) == pruning::to_json(recipe));
  CHECK(to_string(again.pattern) == "tw:g=32");
  CHECK(again.min_keep == 0.2);
  REQUIRE(again.overrides.size() == 3);
  CHECK_FALSE(again.overrides[0].skip.has_value());
  CHECK(again.overrides[1].skip == true);
  CHECK(again.overrides[2].skip == false);
}

TEST_CASE("decisions follow include, exclude and the last override", "[pruning]") {
  const Recipe recipe = parse_recipe(
      R"({"include": ["layer"], "exclude": ["norm"], "overrides": [
        {"match": "layer\\.0", "sparsity": 0.5}, {"match": "0\\.w", "pattern": "2:4"},
        {"match": "last", "skip": true}, {"match": "last", "sparsity": 0.9},
        {"match": "last\\.w", "skip": false}]})",
      "test");
  Rules rules(recipe);
  CHECK_FALSE(rules.decide("embedding").prune);
  CHECK_THAT(rules.decide("embedding").reason, Catch::Contains("not included"));
  CHECK_THAT(rules.decide("layer.1.norm").reason, Catch::Contains("excluded by 'norm'"));
  CHECK_THAT(rules.decide("layer.last").reason, Catch::Contains("skipped by override 'last'"));
  CHECK(rules.decide("layer.last.w").prune);
  const pruning::Decision first = rules.decide("layer.0.w");
  CHECK(first.prune);
  CHECK(first.sparsity == Sparsity(0.5));
  CHECK(to_string(first.pattern) == "2:4");
  const pruning::Decision other = rules.decide("layer.1.w");
  CHECK(other.prune);
  CHECK_FALSE(other.sparsity.has_value());
}

TEST_CASE("expressions that match no weight are told", "[pruning]") {
  Rules rules(parse_recipe(
      R"({"include": ["layer", "typo"], "exclude": ["norm", "layer"], "overrides": [
        {"match": "norm", "skip": true}, {"match": "layr", "sparsity": 0.5}]})",
      "test"));
  CHECK(rules.unmatched().size() == 6);
  (void)rules.decide("layer.0.w");
  // Counts, although it is excluded twice and not the first to match.
  (void)rules.decide("layer.0.norm");
  CHECK(rules.unmatched() == std::vector<std::string>{"include 'typo'", "override 'layr'"});
}

TEST_CASE("what a recipe cannot say is one sentence with the place", "[pruning]") {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "r.json"},
      {"[1]", "object"},
      {"{\"sparsity\": }", "r.json"},
      {R"({"sparsty": 0.5})", "sparsity"},
      {R"({"sparsity": "much"})", "sparsity"},
      {R"({"sparsity": 1.0})", "1"},
      {R"({"sparsity": -0.5})", "-0.5"},
      {R"({"pattern": "twv"})", "tvw"},
      {R"({"pattern": 3})", "pattern"},
      {R"({"scope": "globl"})", "global"},
      {R"({"score": "taylor"})", "magnitude"},
      {R"({"permute": true})", "permute"},
      {R"({"min_keep": 2})", "min_keep"},
      {R"({"include": "enc"})", "include"},
      {R"({"include": [1]})", "include"},
      {R"({"include": ["("]})", "("},
      {R"({"overrides": [{}]})", "match"},
      {R"({"overrides": [{"match": "a", "skp": true}]})", "skip"},
      {R"({"overrides": {"match": "a"}})", "overrides"},
  };
  for (const auto& [text, expected] : kCases) {
    CAPTURE(text);
    try {
      const Recipe recipe = parse_recipe(text, "r.json");
      (void)Rules(recipe);  // regular expressions may be compiled only here
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
      CHECK_THAT(error.what(), Catch::Contains(expected));
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("a recipe's file is named when it cannot be read", "[pruning]") {
  const test::TempDir folder;
  CHECK_THROWS_WITH(pruning::load_recipe(folder.path() / "none.json"),
                    Catch::Contains("none.json"));
  std::ofstream(folder.path() / "bad.json") << "{\"sparsity\": 7}";
  CHECK_THROWS_WITH(pruning::load_recipe(folder.path() / "bad.json"), Catch::Contains("bad.json"));
}

}  // namespace
}  // namespace tvw
