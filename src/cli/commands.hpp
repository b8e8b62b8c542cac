/// @file The list of subcommands. Each adds its options to the app and a callback that runs it.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/settings.hpp"

namespace tvw::cli {

void add_prune(CLI::App& app, const Settings& settings);
void add_unpack(CLI::App& app, const Settings& settings);
void add_verify(CLI::App& app, const Settings& settings);
void add_inspect(CLI::App& app, const Settings& settings);
void add_bench(CLI::App& app, const Settings& settings);
void add_report(CLI::App& app, const Settings& settings);
void add_devices(CLI::App& app, const Settings& settings);
void add_completion(CLI::App& app, const Settings& settings);
void add_man(CLI::App& app, const Settings& settings);

}  // namespace tvw::cli
