// Crashes of others are errors here.
#include "io/child_process.hpp"

#include <csignal>
#include <stdexcept>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

namespace tvw {

TEST_CASE("work in a child process gives its result, its error, or that it crashed", "[io]") {
  const std::string large(size_t{1} << 20, 'x');  // more than a pipe holds
  CHECK(io::in_child_process([&] { return large; }) == large);
  CHECK_THROWS_WITH(io::in_child_process([]() -> std::string { throw std::runtime_error("why"); }),
                    Catch::Equals("why"));
  for (const int signal : {SIGSEGV, SIGABRT}) {
    CHECK_THROWS_WITH(io::in_child_process([signal] {
                        std::raise(signal);
                        return std::string();
                      }),
                      Catch::Equals("it crashed"));
  }
  CHECK_THROWS_WITH(io::in_child_process([]() -> std::string { throw 1; }),
                    Catch::Equals("it crashed"));
}

}  // namespace tvw
