#include <array>

#include "report/renderers.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::report {

Format parse_format(std::string_view text) {
  if (text == "json") return Format::kJson;
  if (text == "md") return Format::kMarkdown;
  if (text == "csv") return Format::kCsv;
  if (text == "html") return Format::kHtml;
  const std::array<std::string, 4> known = {"json", "md", "csv", "html"};
  throw Error(ErrorCode::kUsage, unknown_name("format", text, known));
}

std::string render(const Report& report, Format format) {
  switch (format) {
    case Format::kJson:
      return to_json(report);
    case Format::kMarkdown:
      return to_markdown(report);
    case Format::kCsv:
      return to_csv(report);
    case Format::kHtml:
      return to_html(report);
  }
  return {};
}

std::string render(const Comparison& comparison, Format format) {
  switch (format) {
    case Format::kJson:
      return to_json(comparison);
    case Format::kMarkdown:
      return to_markdown(comparison);
    case Format::kCsv:
      return to_csv(comparison);
    case Format::kHtml:
      throw Error(ErrorCode::kUsage, "a comparison has no html form, expected json, md or csv");
  }
  return {};
}

}  // namespace tvw::report
