#include "report/text.hpp"

#include <array>
#include <charconv>
#include <set>
#include <string>
#include <vector>

#include "tvw/core/text.hpp"

namespace tvw::report {
namespace {

/// "cold (rotation)": how cold was made, all ways if layers differ.
std::string cache_of(const Summary& summary) {
  std::set<std::string> ways;
  for (const LayerLine& line : summary.layers) ways.insert(line.cold_by);
  ways.erase("");
  if (ways.empty()) return summary.cache;
  return summary.cache + " (" + join(std::vector(ways.begin(), ways.end()), "; ") + ")";
}

}  // namespace

std::string fixed(std::optional<double> value, int digits) {
  if (!value) return "-";
  std::array<char, 400> text{};  // the largest double has 309 digits
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), *value,
                                          std::chars_format::fixed, digits);
  return error == std::errc() ? std::string(text.data(), end) : "-";
}

std::string percent(std::optional<double> share) {
  return share ? fixed(*share * 100.0, 1) + " %" : "-";
}

std::string times(std::optional<double> ratio) { return ratio ? fixed(ratio, 2) + "x" : "-"; }

std::string wins_from(const BreakEven& b) {
  if (!b.wins_from) return "never";
  return *b.wins_from == b.measured_from ? "always" : percent(b.wins_from);
}

std::string rows_of(const Summary& summary) {
  return summary.M == 0 ? "by layer" : std::to_string(summary.M);
}

std::string title_of(const Summary& s) {
  return s.pattern + " " + percent(s.target_sparsity) + ", " + cache_of(s) + ", " + s.layout +
         ", M = " + rows_of(s) + (s.epilogue == "none" ? "" : ", " + s.epilogue);
}

std::string markdown_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '\\') cell += '\\';
    cell += c == '\n' || c == '\r' ? ' ' : c;
  }
  return cell;
}

std::string csv_cell(std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@").find(text[0]) != text.npos && !parse_double(text);
  const std::string plain = (formula ? "'" : "") + std::string(text);
  if (plain.find_first_of(",\"\r\n") == std::string::npos) return plain;
  std::string cell = "\"";
  for (const char c : plain) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + "\"";
}

std::string html_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace tvw::report
