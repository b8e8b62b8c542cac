// Outputs appear whole or not at all, and never in place of the input.
#include <sys/resource.h>

#include <csignal>
#include <set>

#include "io/models.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw {
namespace {

void save_model(const std::filesystem::path& path) {
  auto model = test::parse_model(test::header() +
                                 "g (float[m, 64] x) => (float[m, 96] y) { y = MatMul(x, w) }");
  test::add_weight(model, "w", {64, 96}, DType::kF32, 1);
  test::save(model, path);
}

std::set<std::string> names_in(const test::TempDir& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

void check_refused(const io::OnnxModel& model, const std::filesystem::path& output, bool force,
                   const std::string& word) {
  try {
    io::check_output(model, io::output_paths(output), force);
    FAIL("accepted " << output);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kIo);
    CHECK_THAT(error.what(), Catch::Contains(word));
  }
}

std::vector<io::PackedWeight> pack_at_random(const io::OnnxModel& model) {
  const PatternSpec spec = parse_pattern("tw:g=16");
  const Selection selection = test::random_selection(64, 96, spec, 0.9, 1);
  return {{0, spec, pack::pack(model.read_weight(0), selection, spec)}};
}

/// No file of this process may grow beyond `bytes` while it lives: a disk that fills up, for any
/// user.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_CASE("outputs that cannot or must not be written are refused early", "[io]") {
  const test::TempDir folder;
  save_model(folder / "m.onnx");
  const io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  CHECK_NOTHROW(io::check_output(model, io::output_paths(folder / "out.onnx"), false));
  check_refused(model, folder / "m.onnx", true, "input");
  std::filesystem::create_hard_link(folder / "m.onnx", folder / "same.onnx");
  check_refused(model, folder / "same.onnx", true, "input");
  check_refused(model, folder / "absent/out.onnx", true, "does not exist");
  std::filesystem::create_directory(folder / "folder.onnx");
  check_refused(model, folder / "folder.onnx", true, "folder");
  std::ofstream(folder / "old.onnx") << "old";
  check_refused(model, folder / "old.onnx", false, "--force");
  CHECK_NOTHROW(io::check_output(model, io::output_paths(folder / "old.onnx"), true));
  std::ofstream(folder / "other.safetensors") << "old";
  check_refused(model, folder / "other.onnx", false, "--force");
}

TEST_CASE("the input's external data is not overwritten", "[io]") {
  const test::TempDir folder;
  save_model(folder / "m.onnx");
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  const auto packed = pack_at_random(model);
  io::write_packed(std::move(model), packed, io::output_paths(folder / "p.onnx"),
                   io::Decode::kFunctions);
  const io::OnnxModel external = io::load_onnx(folder / "p.onnx");
  std::filesystem::rename(folder / "p.onnx", folder / "q.onnx");
  const io::OnnxModel renamed = io::load_onnx(folder / "q.onnx");
  check_refused(renamed, folder / "p.onnx", true, "input");
}

TEST_CASE("a write that fails leaves the folder as it was", "[io]") {
  const test::TempDir folder;
  save_model(folder / "m.onnx");
  std::ofstream(folder / "out.onnx") << "old";
  const auto before = names_in(folder);
  for (const rlim_t bytes : {rlim_t{0}, rlim_t{100}, rlim_t{2000}, rlim_t{9000}}) {
    CAPTURE(bytes);
    io::OnnxModel model = io::load_onnx(folder / "m.onnx");
    const auto packed = pack_at_random(model);
    const Mask mask(64, 96, true);
    const FileSizeLimit limit(bytes);
    try {
      io::write_packed(std::move(model), packed, io::output_paths(folder / "out.onnx"),
                       io::Decode::kFunctions);
      FAIL("written");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kIo);
    }
    io::OnnxModel again = io::load_onnx(folder / "m.onnx");
    try {
      io::write_masked(std::move(again), {{0, &mask}}, io::output_paths(folder / "out.onnx"));
      FAIL("written");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kIo);
      CHECK_THAT(error.what(), Catch::Contains("out.onnx"));
    }
    CHECK(names_in(folder) == before);
    CHECK(std::filesystem::file_size(folder / "out.onnx") == 3);
  }
}

}  // namespace
}  // namespace tvw
