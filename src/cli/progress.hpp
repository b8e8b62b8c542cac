/// @file A progress bar on stderr, drawn only where somebody watches.
#pragma once

#include <chrono>
#include <string>

#include "cli/settings.hpp"

namespace tvw::cli {

/// One line, redrawn in place at most ten times a second; erased on destruction, so that results
/// and log lines start clean. Does nothing unless stderr is a terminal and --quiet was not given.
class Progress {
 public:
  explicit Progress(const Settings& settings);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` steps; `what` is what is being worked on now.
  void update(double done, double total, const std::string& what);

 private:
  bool enabled_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace tvw::cli
