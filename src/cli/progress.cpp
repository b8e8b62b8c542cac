#include "cli/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tvw/core/text.hpp"

namespace tvw::cli {
namespace {

constexpr int kBarWidth = 30;
constexpr int kTextWidth = 40;
constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

Progress::Progress(const Settings& settings)
    : enabled_(!settings.quiet && isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::update(double done, double total, const std::string& what) {
  if (!enabled_ || total <= 0.0) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  const double share = std::clamp(done / total, 0.0, 1.0);
  const int filled = static_cast<int>(share * kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  std::fprintf(stderr, "\r\033[K[%s] %3.0f%% %.*s", bar.c_str(), 100.0 * share, kTextWidth,
               printable(what, Lines::kOne, kTextWidth).c_str());
  std::fflush(stderr);
}

}  // namespace tvw::cli
