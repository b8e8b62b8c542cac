// The program: the only place that knows how errors end.
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <new>

#include "tvw/cli/app.hpp"
#include "tvw/core/error.hpp"

int main(int argc, char** argv) {
#ifdef SIGXFSZ
  // A limit on a file's size is an error of write() then, with a sentence.
  std::signal(SIGXFSZ, SIG_IGN);
#endif
  try {
    return tvw::cli::run(argc, argv);
  } catch (const tvw::Error& error) {
    spdlog::error("{}", error.what());
    return tvw::exit_code(error.code());
  } catch (const std::bad_alloc&) {
    spdlog::error("out of memory");
  } catch (const std::exception& error) {
    spdlog::error("unexpected: {}", error.what());
  }
  return 1;
}
