/// @file The command line: flags to library calls.
#pragma once

namespace tvw::cli {

/// Runs `tvw` and returns its exit code: 0 ok, 1 failure, 2 usage, 3 verification failed, 4 nothing
/// to do or not supported here. Results go to stdout, log and progress to stderr.
/// @throws Error and whatever else a command throws; main() turns that into a message.
[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace tvw::cli
