#include "tvw/bench/tuning.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "bench/fake_device.hpp"
#include "support/catch.hpp"

namespace tvw {
namespace {

/// A device of another kind than FakeDevice says it is.
class Renamed final : public kernels::Device {
 public:
  explicit Renamed(std::string identity) : identity_(std::move(identity)) {}
  [[nodiscard]] kernels::DeviceKind kind() const override { return fake_.kind(); }
  [[nodiscard]] std::string id() const override { return fake_.id(); }
  [[nodiscard]] std::string name() const override { return fake_.name(); }
  [[nodiscard]] std::string identity() const override { return identity_; }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
    return {};
  }
  std::unique_ptr<kernels::Buffer> allocate(int64_t size_bytes) override {
    return fake_.allocate(size_bytes);
  }
  void copy_in(kernels::Buffer& to, const void* from, int64_t size_bytes) override {
    fake_.copy_in(to, from, size_bytes);
  }
  void copy_out(void* to, kernels::Buffer& from, int64_t size_bytes) override {
    fake_.copy_out(to, from, size_bytes);
  }
  [[nodiscard]] int64_t cache_bytes() const override { return 0; }
  void flush_cache() override {}
  double time_us(const std::function<void()>& launch, int repeats) override {
    return fake_.time_us(launch, repeats);
  }

 private:
  test::FakeDevice fake_;
  std::string identity_;
};

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class Folder {
 public:
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tvw-tuning-" + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("what was measured is known to the next run on the same device", "[bench]") {
  const Folder folder;
  const auto file = folder.path / "deep" / "tuning.json";
  const Renamed one("GPU one, 132 multiprocessors"), two("GPU two, 78 multiprocessors");
  {
    bench::TuningFile tuning(file, one);
    CHECK_FALSE(tuning.known("problem").has_value());
    tuning.remember("problem", "128x128");
    CHECK(tuning.known("problem") == "128x128");
  }
  bench::TuningFile of_two(file, two);
  CHECK_FALSE(of_two.known("problem").has_value());
  of_two.remember("problem", "64x64");
  CHECK(bench::TuningFile(file, one).known("problem") == "128x128");
  CHECK(bench::TuningFile(file, two).known("problem") == "64x64");
}

TEST_CASE("runs side by side add to the file", "[bench]") {
  const Folder folder;
  const auto file = folder.path / "tuning.json";
  const Renamed device("GPU");
  bench::TuningFile first(file, device), second(file, device);
  first.remember("a", "1");
  second.remember("b", "2");
  const bench::TuningFile third(file, device);
  CHECK(third.known("a") == "1");
  CHECK(third.known("b") == "2");
}

TEST_CASE("a damaged tuning file knows nothing and is replaced", "[bench]") {
  const Folder folder;
  const auto file = folder.path / "tuning.json";
  const Renamed device("GPU");
  for (const char* damaged : {"", "{\"GPU", "[1, 2]", "{\"GPU, tvw 0.1.0\": [1]}",
                              "{\"GPU, tvw 0.1.0\": {\"problem\": 7}}"}) {
    std::ofstream(file) << damaged;
    bench::TuningFile tuning(file, device);
    CAPTURE(damaged);
    CHECK_FALSE(tuning.known("problem").has_value());
    tuning.remember("problem", "128x128");
    CHECK(bench::TuningFile(file, device).known("problem") == "128x128");
    CHECK(text_of(file).find("128x128") != std::string::npos);
  }
}

TEST_CASE("without a place to keep it, a choice lasts as long as the run", "[bench]") {
  const Renamed device("GPU");
  for (const char* nowhere : {"", "/proc/no/such/folder/tuning.json"}) {
    bench::TuningFile tuning(nowhere, device);
    tuning.remember("problem", "128x128");
    CHECK(tuning.known("problem") == "128x128");
  }
}

}  // namespace tvw
