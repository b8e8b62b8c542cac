/// @file Small text helpers shared by parsers and messages.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tvw {

/// The candidate nearest to `word` by edit distance, if it is near enough to be a misspelling.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);
/// "unknown WHAT 'WORD', did you mean 'NEAREST'? Known: a, b, c"
[[nodiscard]] std::string unknown_name(std::string_view what, std::string_view word,
                                       std::span<const std::string> candidates);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
/// Whole-string number parsing, locale independent; nullopt if anything is left over.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);
[[nodiscard]] std::optional<long long> parse_int(std::string_view text);

}  // namespace tvw
