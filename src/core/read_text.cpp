#include "tvw/core/read_text.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tvw/core/error.hpp"

namespace tvw {

std::string read_text(const std::filesystem::path& path, std::string_view what,
                      int64_t most_bytes) {
  const auto fail = [&](const std::string& got) {
    throw Error(ErrorCode::kIo,
                "'" + path.string() + "' " + got + ", expected " + std::string(what));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) fail("is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::string("cannot be read: ") + std::strerror(errno));
  std::string text;
  char piece[1 << 16];
  // By pieces, as pipes and devices do not say how long they are.
  while (file.read(piece, sizeof piece) || file.gcount() > 0) {
    text.append(piece, static_cast<size_t>(file.gcount()));
    if (std::ssize(text) > most_bytes) {
      fail("is longer than " + std::to_string(most_bytes >> 20) + " MiB");
    }
  }
  if (file.bad()) fail(std::string("cannot be read: ") + std::strerror(errno));
  return text;
}

}  // namespace tvw
