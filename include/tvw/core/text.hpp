/// @file Small text helpers shared by parsers and messages.
#pragma once

#include <cstdint>
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
/// Which of `words` the text is. @throws Error kUsage none, by unknown_name(what, ...)
[[nodiscard]] size_t parse_word(std::string_view what, std::string_view text,
                                std::span<const std::string_view> words);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> words, std::string_view separator);
enum class Lines : uint8_t {
  kOne,   ///< a message or a cell: line ends and tabs are escaped, too
  kText,  ///< a whole text, whose line ends and tabs stay
};
/// Text from outside, as it may leave to a terminal: control characters (escape sequences begin
/// with one), marks that reorder text and characters of no width become "\u001b", bytes that are
/// not UTF-8 "\xff". JSON stays JSON and means the same. The middle of what is longer than
/// `max_bytes` is left out, and how much that was is said.
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::kOne,
                                    size_t max_bytes = std::string_view::npos);
/// Overlong forms, surrogates and what is above U+10FFFF are not UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);
/// Whole-string number parsing, locale independent; nullopt if anything is left over.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);
[[nodiscard]] std::optional<long long> parse_int(std::string_view text);

}  // namespace tvw
