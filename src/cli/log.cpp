#include "cli/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace tvw::cli {

void set_up_log(const Settings& settings) {
  auto logger = std::make_shared<spdlog::logger>(
      "tvw", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("tvw: %^%l%$: %v");
  logger->set_level(settings.quiet     ? spdlog::level::err
                    : settings.verbose ? spdlog::level::debug
                                       : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace tvw::cli
