// External data is read from the model's folder only, and only where it can be.
#include "io/models.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/onnx_model.hpp"

namespace tvw {
namespace {

constexpr int64_t kK = 4;
constexpr int64_t kN = 6;
constexpr int64_t kBytes = kK * kN * 4;

struct Place {
  std::string location = "w.bin";
  std::string offset = "0";
  std::string length = std::to_string(kBytes);
};

/// The message of the refusal; empty if the model was read.
std::string load(const test::TempDir& folder, const Place& place) {
  auto model = test::parse_model(test::header() +
                                 "g (float[m, 4] x) => (float[m, 6] y) { y = MatMul(x, w) }");
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(test::onnx::TensorProto::FLOAT);
  tensor->add_dims(kK);
  tensor->add_dims(kN);
  tensor->set_data_location(test::onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto* entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", place.location);
  add("offset", place.offset);
  add("length", place.length);
  test::save(model, folder / "m.onnx");
  try {
    const io::OnnxModel loaded = io::load_onnx(folder / "m.onnx");
    REQUIRE(loaded.weights().size() == 1);
    CHECK(loaded.read_weight(0).values.count() == kK * kN);
  } catch (const Error& error) {
    const bool known = error.code() == ErrorCode::kIo || error.code() == ErrorCode::kBadFile;
    CHECK(known);
    return error.what();
  }
  return {};
}

void check_refused(const test::TempDir& folder, const Place& place, const std::string& named) {
  CAPTURE(place.location, place.offset, place.length);
  const std::string message = load(folder, place);
  CHECK_THAT(message, Catch::Contains("external"));
  CHECK_THAT(message, Catch::Contains("'w'"));
  CHECK_THAT(message, Catch::Contains(named));
}

TEST_CASE("external data that is in order is read", "[io]") {
  const test::TempDir folder;
  std::ofstream(folder / "w.bin", std::ios::binary) << std::string(kBytes + 8, '\0');
  std::filesystem::create_directory(folder / "data");
  std::filesystem::copy_file(folder / "w.bin", folder / "data/w.bin");
  std::filesystem::create_symlink("w.bin", folder / "link.bin");
  CHECK(load(folder, {}).empty());
  CHECK(load(folder, {"data/w.bin", "8", ""}).empty());
  CHECK(load(folder, {"./w.bin", "", ""}).empty());
  CHECK(load(folder, {"link.bin", "0", ""}).empty());
}

TEST_CASE("external data outside of the model's folder is refused", "[io]") {
  const test::TempDir outside;
  std::ofstream(outside / "w.bin", std::ios::binary) << std::string(kBytes, '\0');
  const test::TempDir folder;
  std::filesystem::create_directory(folder / "data");
  std::ofstream(folder / "w.bin", std::ios::binary) << std::string(kBytes, '\0');
  check_refused(folder, {(outside / "w.bin").string()}, (outside / "w.bin").string());
  check_refused(folder, {"../" + outside.path().filename().string() + "/w.bin"}, "../");
  check_refused(folder, {"data/../w.bin"}, "data/../w.bin");
  std::filesystem::create_symlink(outside / "w.bin", folder / "link.bin");
  check_refused(folder, {"link.bin"}, "link.bin");
  std::filesystem::create_directory_symlink(outside.path(), folder / "linked");
  check_refused(folder, {"linked/w.bin"}, "linked/w.bin");
}

TEST_CASE("external data that is not there is refused", "[io]") {
  const test::TempDir folder;
  std::ofstream(folder / "w.bin", std::ios::binary) << std::string(kBytes, '\0');
  std::filesystem::create_directory(folder / "data");
  check_refused(folder, {"absent.bin"}, "absent.bin");
  check_refused(folder, {""}, "location");
  check_refused(folder, {"data"}, "data");
  check_refused(folder, {"w.bin", "1"}, "w.bin");
  check_refused(folder, {"w.bin", "9223372036854775807"}, "w.bin");
  check_refused(folder, {"w.bin", "-4"}, "offset");
  check_refused(folder, {"w.bin", "four"}, "offset");
  check_refused(folder, {"w.bin", "99999999999999999999"}, "offset");
  check_refused(folder, {"w.bin", "0", std::to_string(kBytes - 4)}, "length");
  check_refused(folder, {"w.bin", "0", std::to_string(kBytes + 4)}, "length");
  check_refused(folder, {"w.bin", "0", "-96"}, "length");
}

TEST_CASE("offsets beyond 4 GiB are read", "[io]") {
  const test::TempDir folder;
  constexpr int64_t kFar = (int64_t{5} << 30) + 64;
  std::ofstream(folder / "w.bin", std::ios::binary) << "";
  std::filesystem::resize_file(folder / "w.bin", kFar + kBytes);  // sparse: takes no space
  CHECK(load(folder, {"w.bin", std::to_string(kFar)}).empty());
  check_refused(folder, {"w.bin", std::to_string(kFar + 1)}, "w.bin");
}

TEST_CASE("external data that shrinks after loading is an error", "[io]") {
  const test::TempDir folder;
  std::ofstream(folder / "w.bin", std::ios::binary) << std::string(kBytes, '\0');
  REQUIRE(load(folder, {}).empty());
  const io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  std::filesystem::resize_file(folder / "w.bin", 8);
  CHECK_THROWS_AS(model.read_weight(0), Error);
}

}  // namespace
}  // namespace tvw
