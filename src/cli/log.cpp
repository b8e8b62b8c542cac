#include "cli/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "tvw/core/text.hpp"

namespace tvw::cli {
namespace {

/// Enough for any message about names of a usual length.
constexpr size_t kMaxMessageBytes = 2000;

/// `%*`: the message, in one line that does nothing to the terminal, whatever names it holds.
class Message final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& to) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const std::string safe = printable(text, Lines::kOne, kMaxMessageBytes);
    to.append(safe.data(), safe.data() + safe.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Message>();
  }
};

}  // namespace

void set_up_log(const Settings& settings) {
  auto logger = std::make_shared<spdlog::logger>(
      "tvw", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Message>('*').set_pattern("tvw: %^%l%$: %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(settings.quiet     ? spdlog::level::err
                    : settings.verbose ? spdlog::level::debug
                                       : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace tvw::cli
