#include <array>
#include <string>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"
#include "tvw/pruning/recipe.hpp"

namespace tvw::pruning {
namespace {

constexpr std::array<std::string_view, 2> kScopes{"uniform", "global"};
constexpr std::array<std::string_view, 1> kScores{"magnitude"};

template <class Enum, size_t count>
Enum parse_word(std::string_view what, std::string_view text,
                const std::array<std::string_view, count>& words) {
  for (size_t i = 0; i < count; ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  const std::vector<std::string> known(words.begin(), words.end());
  throw Error(ErrorCode::kUsage, unknown_name(what, text, known));
}

}  // namespace

std::string_view name(Scope scope) { return kScopes[static_cast<size_t>(scope)]; }
std::string_view name(Score score) { return kScores[static_cast<size_t>(score)]; }
Scope parse_scope(std::string_view text) { return parse_word<Scope>("scope", text, kScopes); }
Score parse_score(std::string_view text) { return parse_word<Score>("score", text, kScores); }

}  // namespace tvw::pruning
