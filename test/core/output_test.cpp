// Files that appear whole or not at all, and where they may appear.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/atomic_file.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/output_path.hpp"

namespace tvw {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void write_atomically(const fs::path& path, const std::string& text, bool commit = true) {
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.finish();
  if (commit) file.commit();
}

int64_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("an atomic file is there whole, in place of another, or not at all", "[core]") {
  const test::TempDir folder;
  const fs::path path = folder / "file";
  write_atomically(path, "one", false);
  CHECK(files_in(folder.path()) == 0);
  write_atomically(path, "two");
  CHECK(content(path) == "two");
  write_atomically(path, "three", false);
  CHECK(content(path) == "two");
  write_atomically(path, "four");
  CHECK(content(path) == "four");
  CHECK(files_in(folder.path()) == 1);
  const mode_t mask = umask(0);
  umask(mask);
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == (0666 & ~mask));
}

TEST_CASE("names of 255 bytes are written, longer ones refused", "[core]") {
  const test::TempDir folder;
  write_atomically(folder / std::string(255, 'x'), "text");
  CHECK(files_in(folder.path()) == 1);
  CHECK_THROWS_WITH(AtomicFile(folder / std::string(256, 'x')), Catch::Contains("255 bytes"));
}

TEST_CASE("what is no regular file is not replaced, and links stay links", "[core]") {
  const test::TempDir folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(AtomicFile(folder / "pipe"), Catch::Contains("no regular file"));
  CHECK_THROWS_WITH(AtomicFile("/dev/null"), Catch::Contains("no regular file"));
  CHECK_THROWS_WITH(AtomicFile(folder.path()), Catch::Contains("folder"));
  CHECK_THROWS_WITH(AtomicFile(folder / "missing/file"), Catch::Contains("does not exist"));
  fs::create_symlink("nothing", folder / "dangling");
  CHECK_THROWS_WITH(AtomicFile(folder / "dangling"), Catch::Contains("link to nothing"));
  put(folder / "target", "old");
  fs::create_symlink("target", folder / "link");
  write_atomically(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(content(folder / "target") == "new");
  CHECK(same_file(folder / "link", folder / "target"));
  CHECK_FALSE(same_file(folder / "pipe", folder / "target"));
}

TEST_CASE("a program that is killed while it writes leaves nothing behind", "[core]") {
  const test::TempDir folder;
  const int probe = open(folder.path().c_str(), O_TMPFILE | O_RDWR, 0600);
  if (probe < 0) {
    SUCCEED("this file system has no files without names");
    return;
  }
  close(probe);
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "file");
    file.write(std::as_bytes(std::span("text")));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(files_in(folder.path()) == 0);
}

}  // namespace tvw
