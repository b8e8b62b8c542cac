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

TEST_CASE("join puts separators between words, empty ones too", "[core]") {
  CHECK(join(std::vector<std::string>{"a", "", "b"}, "; ") == "a; ; b");
  CHECK(join(std::vector<std::string>{"a"}, "; ") == "a");
  CHECK(join(std::vector<std::string>{}, "; ").empty());
}

TEST_CASE("text for a terminal holds nothing that acts on it", "[core]") {
  CHECK(printable("plain, caf\u00e9 \u65e5\u672c \U0001f600") ==
        "plain, caf\u00e9 \u65e5\u672c \U0001f600");
  CHECK(printable("\x1b[31m\r\n\t\x7f") == R"(\u001b[31m\u000d\u000a\u0009\u007f)");
  CHECK(printable(std::string_view("a\0b", 3)) == R"(a\u0000b)");
  CHECK(printable("\xc2\x9b"
                  "31m") == R"(\u009b31m)");        // CSI in one character
  CHECK(printable("\xe2\x80\xae") == R"(\u202e)");  // right to left
  CHECK(printable("a\nb\tc\rd", Lines::kText) == "a\nb\tc\\u000dd");
}

TEST_CASE("bytes that are not UTF-8 are shown as such", "[core]") {
  CHECK(printable("a\xff"
                  "b") == R"(a\xffb)");
  CHECK(printable("\xc0\xaf") == R"(\xc0\xaf)");                  // overlong
  CHECK(printable("\xed\xa0\x80") == R"(\xed\xa0\x80)");          // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");  // above U+10FFFF
  CHECK(printable("\xe2\x82") == R"(\xe2\x82)");                  // cut short
}

TEST_CASE("UTF-8 is told from other bytes", "[core]") {
  for (const char* text : {"", "plain", "\u00e9", "\u20ac", "\U0001f600", "a\xf4\x8f\xbf\xbf"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
  for (const char* text : {"a\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
}

TEST_CASE("the middle of long text is left out, not half a character", "[core]") {
  CHECK(printable("0123456789", Lines::kOne, 10) == "0123456789");
  CHECK(printable(std::string(1000, 'a') + "z", Lines::kOne, 4) == "aa[... 997 bytes ...]az");
  CHECK(printable("\u00e9\u00e9\u00e9\u00e9", Lines::kOne, 6) == "\u00e9[... 4 bytes ...]\u00e9");
  CHECK(printable(std::string(100, '\x80'), Lines::kOne, 10).size() < 100);
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
