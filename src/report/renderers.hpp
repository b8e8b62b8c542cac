/// @file One function per output format; render() picks one.
#pragma once

#include <string>

#include "tvw/report/compare.hpp"
#include "tvw/report/report.hpp"

namespace tvw::report {

[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_markdown(const Report& report);
[[nodiscard]] std::string to_csv(const Report& report);   ///< one line per layer
[[nodiscard]] std::string to_html(const Report& report);  ///< one file, no network

[[nodiscard]] std::string to_json(const Comparison& comparison);
[[nodiscard]] std::string to_markdown(const Comparison& comparison);
[[nodiscard]] std::string to_csv(const Comparison& comparison);

}  // namespace tvw::report
