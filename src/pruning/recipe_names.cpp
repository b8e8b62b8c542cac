#include <array>
#include <string_view>

#include "tvw/core/text.hpp"
#include "tvw/pruning/recipe.hpp"

namespace tvw::pruning {
namespace {

// In the order of the enums.
constexpr std::array<std::string_view, 2> kScopes{"uniform", "global"};
constexpr std::array<std::string_view, 1> kScores{"magnitude"};

}  // namespace

std::string_view name(Scope scope) { return kScopes[static_cast<size_t>(scope)]; }
std::string_view name(Score score) { return kScores[static_cast<size_t>(score)]; }
Scope parse_scope(std::string_view text) {
  return static_cast<Scope>(parse_word("scope", text, kScopes));
}
Score parse_score(std::string_view text) {
  return static_cast<Score>(parse_word("score", text, kScores));
}

}  // namespace tvw::pruning
