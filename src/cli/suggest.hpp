/// @file Better words for what CLI11 refuses.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tvw::cli {

/// CLI11's message, with the nearest option or subcommand for a word that is not one.
[[nodiscard]] std::string explain(const CLI::ParseError& error, const CLI::App& app,
                                  const std::vector<std::string>& argv);

}  // namespace tvw::cli
