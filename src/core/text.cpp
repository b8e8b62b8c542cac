#include "tvw/core/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <numeric>

#include "tvw/core/error.hpp"

namespace tvw {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substitution = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, substitution});
    }
  }
  return row.back();
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || text.empty()) return std::nullopt;
  return value;
}

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;  ///< 0: not UTF-8
};

/// The code point that `text` begins with.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes > text.size()) return {};
  uint32_t value = first & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < kLeast[bytes] || value > 0x10ffff || surrogate) return {};
  return {value, bytes};
}

/// Does a terminal act on it, or is it a way to show text in another order than it has?
bool acts(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

void append_hex(std::string& text, const char* prefix, uint32_t value, int digits) {
  text += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    text += "0123456789abcdef"[value >> shift & 0xfu];
  }
}

/// A byte inside of a character, where no cut may be.
bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string escape(std::string_view text, Lines lines) {
  std::string result;
  while (!text.empty()) {
    const auto [value, bytes] = first_code_point(text);
    const bool layout = value == '\n' || value == '\t';
    if (bytes == 0) {
      append_hex(result, "\\x", static_cast<unsigned char>(text[0]), 2);
    } else if (acts(value) && !(layout && lines == Lines::kText)) {
      append_hex(result, "\\u", value, 4);
    } else {
      result += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text, Lines lines, size_t max_bytes) {
  if (text.size() <= max_bytes) return escape(text, lines);
  // The end of a name tells as much as its beginning, the end of a message says what was expected.
  size_t head = max_bytes / 2;
  size_t tail = text.size() - (max_bytes - head);
  for (int i = 0; i < 3 && head > 0 && continues(text[head]); ++i) --head;
  for (int i = 0; i < 3 && tail < text.size() && continues(text[tail]); ++i) ++tail;
  return escape(text.substr(0, head), lines) + "[... " + std::to_string(tail - head) +
         " bytes ...]" + escape(text.substr(tail), lines);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = first_code_point(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_name(std::string_view what, std::string_view word,
                         std::span<const std::string> candidates) {
  std::string message = "unknown " + std::string(what) + " '" + std::string(word) + "'";
  if (const auto guess = nearest(word, candidates)) message += ", did you mean '" + *guess + "'?";
  return message + (message.back() == '?' ? " Known: " : "; known: ") + join(candidates, ", ");
}

size_t parse_word(std::string_view what, std::string_view text,
                  std::span<const std::string_view> words) {
  const auto found = std::ranges::find(words, text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  const std::vector<std::string> known(words.begin(), words.end());
  throw Error(ErrorCode::kUsage, unknown_name(what, text, known));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    const size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += separator;
    text += words[i];
  }
  return text;
}

std::optional<double> parse_double(std::string_view text) { return parse_number<double>(text); }
std::optional<long long> parse_int(std::string_view text) { return parse_number<long long>(text); }

}  // namespace tvw
