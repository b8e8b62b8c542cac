#include "io/child_process.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <string_view>

#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

constexpr rlim_t kMostSeconds = 120;   ///< of processor time
constexpr int kDone = 0, kThrew = 64;  ///< exit codes; anything else is a crash

[[noreturn]] void fail(const char* call) {
  throw Error(ErrorCode::kIo, std::string(call) + ": " + std::strerror(errno));
}

/// `soft` ends the process by a signal of its own, `hard` by SIGKILL.
void limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  static_cast<void>(setrlimit(resource, &both));
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(to, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string read_all(int from) {
  std::string text;
  char piece[1 << 16];
  for (;;) {
    const ssize_t got = read(from, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece, static_cast<size_t>(got));
  }
}

/// The child's whole life. It ends without what the parent has to do at its end.
[[noreturn]] void live(const std::function<std::string()>& work, int to) noexcept {
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_CPU, kMostSeconds, kMostSeconds + 10);
  for (const int crash : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) std::signal(crash, SIG_DFL);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
    if (nowhere >= 0) static_cast<void>(dup2(nowhere, output));
  }
  int code = kDone;
  try {
    write_all(to, work());
  } catch (const std::exception& error) {
    write_all(to, error.what());
    code = kThrew;
  }
  _exit(code);
}

}  // namespace

std::string in_child_process(const std::function<std::string()>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
  const pid_t child = fork();
  if (child == 0) live(work, ends[1]);
  const int error = errno;
  close(ends[1]);
  std::string text = child < 0 ? std::string() : read_all(ends[0]);
  close(ends[0]);
  errno = error;
  if (child < 0) fail("fork");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kDone) return text;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kThrew) {
    throw Error(ErrorCode::kUnsupported, text);
  }
  const bool too_long = WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
  throw Error(ErrorCode::kUnsupported, too_long ? "it took too long" : "it crashed");
}

}  // namespace tvw::io
