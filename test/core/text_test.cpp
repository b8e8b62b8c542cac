#include "tvw/core/text.hpp"

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

TEST_CASE("the nearest name is found, a far one is not", "[core]") {
  const std::vector<std::string> names{"magnitude", "wanda", "obs"};
  CHECK(nearest("magnitde", names) == "magnitude");
  CHECK(nearest("Wanda", names) == "wanda");
  CHECK_FALSE(nearest("xyzzy", names).has_value());
  CHECK(unknown_name("score", "wnda", names) ==
        "unknown score 'wnda', did you mean 'wanda'? Known: magnitude, wanda, obs");
}

TEST_CASE("numbers are parsed whole or not at all", "[core]") {
  CHECK(parse_double("0.75") == 0.75);
  CHECK(parse_int("-12") == -12);
  for (const char* text : {"", "abc", "1x", " 1", "0x10"}) {
    CHECK_FALSE(parse_int(text).has_value());
    CHECK_FALSE(parse_double(text).has_value());
  }
}

TEST_CASE("split keeps empty parts", "[core]") {
  CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string>{""});
}

TEST_CASE("every error code has a documented exit code", "[core]") {
  CHECK(exit_code(ErrorCode::kIo) == 1);
  CHECK(exit_code(ErrorCode::kUsage) == 2);
  CHECK(exit_code(ErrorCode::kVerificationFailed) == 3);
  CHECK(exit_code(ErrorCode::kNothingToDo) == 4);
  CHECK(exit_code(ErrorCode::kUnsupported) == 4);
}

}  // namespace
}  // namespace tvw
