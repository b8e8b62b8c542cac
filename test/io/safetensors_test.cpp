// The container, from friends and from enemies.
#include "tvw/io/safetensors.hpp"

#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

void write_file(const std::filesystem::path& path, const std::string& header,
                const std::string& data, uint64_t header_size) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&header_size), 8);
  file << header << data;
}

TEST_CASE("a hostile safetensors file is refused", "[io]") {
  const test::TempDir folder;
  const auto path = folder / "t.safetensors";
  const std::string good =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}})";
  write_file(path, good, std::string(9, 'x'), good.size());
  const io::SafetensorsFile file(path);
  CHECK(file.entry("a").size_bytes == 8);
  CHECK(file.bytes(file.entry("b"))[0] == std::byte{'x'});

  const std::vector<std::string> bad{
      "",
      "{",
      "[]",
      "null",
      R"({"a":1})",
      R"({"a":{"dtype":"F32","shape":[2]}})",
      R"({"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
      R"({"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
      R"({"__metadata__":{"a":1}})",
      R"({"a":{"dtype":"F32","shape":[[[[2]]]],"data_offsets":[0,8]}})",
      std::string(5000, '['),
  };
  for (const std::string& header : bad) {
    CAPTURE(header.substr(0, 100));
    write_file(path, header, std::string(9, 'x'), header.size());
    try {
      const io::SafetensorsFile broken(path);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kBadFile);
    }
  }
  for (const uint64_t size :
       {uint64_t{0} - 1, uint64_t{1} << 62, uint64_t{100'000'001}, good.size() + 100}) {
    write_file(path, good, "", size);
    CHECK_THROWS_AS(io::SafetensorsFile(path), Error);
  }
  std::ofstream(path, std::ios::binary) << "1234567";
  CHECK_THROWS_AS(io::SafetensorsFile(path), Error);
  CHECK_THROWS_AS(io::SafetensorsFile(folder.path()), Error);
  CHECK_THROWS_AS(io::SafetensorsFile(folder / "missing"), Error);
}

TEST_CASE("every truncation of a file is refused or harmless", "[io]") {
  const test::TempDir folder;
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  for (size_t size = 0; size < 8 + header.size() + 8; ++size) {
    std::string content(8, '\0');
    const uint64_t header_size = header.size();
    std::memcpy(content.data(), &header_size, 8);
    content += header + std::string(8, 'x');
    std::ofstream(folder / "t", std::ios::binary) << content.substr(0, size);
    CHECK_THROWS_AS(io::SafetensorsFile(folder / "t"), Error);
  }
}

TEST_CASE("a layout is written as it was announced", "[io]") {
  const std::vector<float> floats{1, 2, 3};
  const std::vector<uint8_t> bytes{9, 8, 7, 6, 5};
  const auto give = [](const auto& list) {
    return [&list](const io::ByteSink& sink) { sink(std::as_bytes(std::span(list))); };
  };
  const io::SafetensorsLayout layout(
      {{"bytes", "U8", {5}, give(bytes)}, {"floats", "F32", {3}, give(floats)}}, {{"k", "v"}});
  std::string content;
  layout.write([&](std::span<const std::byte> piece) {
    content.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  });
  CHECK(static_cast<int64_t>(content.size()) == layout.file_size());
  const test::TempDir folder;
  std::ofstream(folder / "t", std::ios::binary) << content;
  const io::SafetensorsFile file(folder / "t");
  CHECK(file.metadata().at("k") == "v");
  CHECK(file.entry("floats").offset % 4 == 0);
  CHECK(std::memcmp(file.bytes(file.entry("floats")).data(), floats.data(), 12) == 0);
  CHECK(std::memcmp(file.bytes(file.entry("bytes")).data(), bytes.data(), 5) == 0);
  CHECK_THROWS_AS(io::SafetensorsLayout({{"x", "U8", {1}, {}}, {"x", "U8", {1}, {}}}, {}), Error);
  const io::SafetensorsLayout liar({{"x", "U8", {7}, give(bytes)}}, {});
  CHECK_THROWS_AS(liar.write([](auto) {}), Error);
}

TEST_CASE("tensors are found by name in any order of the header", "[io]") {
  const test::TempDir folder;
  const auto path = folder / "t.safetensors";
  const std::string header =
      R"({"z":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})";
  write_file(path, header, "za", header.size());
  const io::SafetensorsFile file(path);
  CHECK(file.bytes(file.entry("a"))[0] == std::byte{'a'});
  CHECK(file.bytes(file.entry("z"))[0] == std::byte{'z'});
  CHECK(file.find("b") == nullptr);
  CHECK_THROWS_AS(file.entry("b"), Error);
}

TEST_CASE("what is no regular file is not waited for", "[io]") {
  const test::TempDir folder;
  const auto pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  for (const auto& [path, why] : {std::pair{pipe, "it is not a regular file"},
                                  std::pair{folder.path(), "it is a directory"}}) {
    try {
      const io::SafetensorsFile file(path);
      FAIL_CHECK("opened");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kIo);
      CHECK(error.what() == "cannot open " + path.string() + ": " + why);
    }
  }
}

}  // namespace
}  // namespace tvw
