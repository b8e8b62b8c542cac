/// @file The log: spdlog on stderr, set up once.
#pragma once

#include "cli/settings.hpp"

namespace tvw::cli {

/// "warning: ..." lines without time stamps; --quiet leaves errors only, --verbose adds debug.
void set_up_log(const Settings& settings);

}  // namespace tvw::cli
