// Recipes, and what they decide about a weight.
#include "tvw/pruning/recipe.hpp"

#include "fuzz/fuzz.hpp"
#include "tvw/pruning/rules.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tvw::fuzz::allow_errors([&] {
    const auto recipe = tvw::pruning::parse_recipe(tvw::fuzz::as_text(data, size), "fuzz.json");
    tvw::pruning::Rules rules(recipe);
    for (const char* name : {"encoder.layer.0.attention.self.query.weight", "head", "\x1b[31m"}) {
      static_cast<void>(rules.decide(name));
    }
    const std::string written = tvw::pruning::to_json(recipe);
    tvw::fuzz::require(tvw::pruning::to_json(tvw::pruning::parse_recipe(written, "again")) ==
                       written);
  });
  return 0;
}
