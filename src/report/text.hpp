/// @file How the renderers write numbers and quote text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tvw/report/report.hpp"

namespace tvw::report {

/// Locale independent, `digits` behind the point; "-" if absent.
[[nodiscard]] std::string fixed(std::optional<double> value, int digits);
[[nodiscard]] std::string percent(std::optional<double> share);  ///< "75.0 %"
[[nodiscard]] std::string times(std::optional<double> ratio);    ///< "1.85x"
[[nodiscard]] std::string wins_from(const BreakEven& b);         ///< "61.7 %", "always", "never"
[[nodiscard]] std::string rows_of(const Summary& summary);       ///< "512", or "by layer"
/// "tvw:g=64,nm=2:4 75.0 %, cold, token, M = 512", then the epilogue if there is one.
[[nodiscard]] std::string title_of(const Summary& summary);

[[nodiscard]] std::string markdown_cell(std::string_view text);  ///< no pipe, no line break
/// RFC 4180. Text that a spreadsheet would run as a formula (somebody else named the layers) begins
/// with an apostrophe, which keeps it text.
[[nodiscard]] std::string csv_cell(std::string_view text);
[[nodiscard]] std::string html_text(std::string_view text);

}  // namespace tvw::report
