#include "cli/parse.hpp"

#include <cmath>

#include "tvw/bench/request.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::cli {

Sparsity parse_sparsity(std::string_view text) {
  const auto value = parse_double(text);
  if (!value || !(*value >= 0.0 && *value < 1.0)) {
    throw Error(ErrorCode::kUsage, "--sparsity '" + std::string(text) +
                                       "', expected a share of zeros from 0 up to but not 1, "
                                       "e.g. 0.75");
  }
  return Sparsity(*value);
}

std::vector<Sparsity> parse_sparsities(std::string_view text) {
  std::vector<Sparsity> values;
  for (const std::string& part : split(text, ',')) values.push_back(parse_sparsity(part));
  return values;
}

std::vector<int64_t> parse_counts(std::string_view flag, std::string_view text) {
  std::vector<int64_t> values;
  for (const std::string& part : split(text, ',')) {
    const auto value = parse_int(part);
    if (!value || *value < 1 || *value > bench::kLargestM) {
      throw Error(ErrorCode::kUsage, std::string(flag) + " '" + part +
                                         "', expected a whole number from 1 to " +
                                         std::to_string(bench::kLargestM));
    }
    values.push_back(*value);
  }
  return values;
}

std::string not_nan(const std::string& text) {
  const auto value = parse_double(text);
  return value && std::isnan(*value) ? "'" + text + "' is no number" : "";
}

std::string names_a_file(const std::string& text) { return text.empty() ? "names no file" : ""; }

}  // namespace tvw::cli
