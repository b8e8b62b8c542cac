/// @file Values of flags, beyond what CLI11 reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tvw/core/sparsity.hpp"

namespace tvw::cli {

/// @throws Error kUsage "--sparsity 'abc', expected a number from 0 up to but not 1"
[[nodiscard]] Sparsity parse_sparsity(std::string_view text);
[[nodiscard]] std::vector<Sparsity> parse_sparsities(std::string_view text);  ///< with commas
/// Whole numbers of 1 or more, with commas.
/// @throws Error kUsage
[[nodiscard]] std::vector<int64_t> parse_counts(std::string_view flag, std::string_view text);
/// For CLI::Validator, as CLI::Range takes NaN: what is wrong, or nothing.
[[nodiscard]] std::string not_nan(const std::string& text);
/// Refuses what a script's empty variable leaves of a file's name.
[[nodiscard]] std::string names_a_file(const std::string& text);

}  // namespace tvw::cli
