#include "tvw/bench/workload.hpp"

#include <unistd.h>

#include <fstream>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

using namespace tvw;
using namespace tvw::bench;

namespace {

std::string message_of(const std::string& text) {
  try {
    (void)parse_workload(text, "toy", "toy.txt");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kBadFile);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a workload file is M N K count layer", "[bench]") {
  const Workload workload = parse_workload(
      "# comment\n\n* 768 3072 12 ffn.down # a comment behind\r\n  49\t512 256 1 conv\n", "toy",
      "toy.txt");
  CHECK(workload.name == "toy");
  REQUIRE(workload.layers.size() == 2);
  CHECK_FALSE(workload.layers[0].M.has_value());
  CHECK(workload.layers[0].N == 768);
  CHECK(workload.layers[0].K == 3072);
  CHECK(workload.layers[0].count == 12);
  CHECK(workload.layers[0].name == "ffn.down");
  CHECK(workload.layers[1].M == 49);
}

TEST_CASE("a wrong workload file is refused with its line", "[bench]") {
  CHECK(message_of("# nothing\n").find("toy.txt: got no layer") == 0);
  CHECK(message_of("* 1 2 3").find("toy.txt:1: got 4 words, expected 5") == 0);
  CHECK(message_of("\n* 1 2 3 a b").find("toy.txt:2: got 6 words") == 0);
  CHECK(message_of("x 1 2 3 a").find("toy.txt:1: M: got 'x'") == 0);
  CHECK(message_of("* 0 2 3 a").find("toy.txt:1: N: got '0'") == 0);
  CHECK(message_of("* 1 -2 3 a").find("K: got '-2'") != std::string::npos);
  CHECK(message_of("* 1 2 1.5 a").find("count: got '1.5'") != std::string::npos);
  CHECK(message_of("* 1 2 99999999999999999999 a").find("count") != std::string::npos);
  CHECK(message_of("* 1 2 1 a\n* 1 3 1 a").find("toy.txt:2: layer 'a' is there twice") == 0);
}

TEST_CASE("the built-in workloads load from anywhere", "[bench]") {
  const std::vector<std::string> expected = {"bert-base", "bert-large", "llama-7b", "nmt-lstm",
                                             "resnet18",  "resnet50",   "vgg16"};
  CHECK(workload_names() == expected);
  for (const std::string& name : workload_names()) CHECK_FALSE(load_workload(name).layers.empty());
}

TEST_CASE("every file of configs/workloads is built in", "[bench]") {
  const std::filesystem::path folder =
      std::filesystem::path(TVW_TEST_SOURCE) / "../configs/workloads";
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    CHECK_NOTHROW((void)load_workload(entry.path().stem().string()));
    ++files;
  }
  CHECK(files == workload_names().size());
}

TEST_CASE("built-in workloads have the weights that their models are known for", "[bench]") {
  const auto weights = [](const std::string& name) {
    int64_t sum = 0;
    for (const WorkloadLayer& layer : load_workload(name).layers)
      sum += layer.N * layer.K * layer.count;
    return sum;
  };
  CHECK(weights("bert-base") == 84'934'656);  // 12 * (4 * 768^2 + 2 * 768 * 3072)
  CHECK(weights("bert-large") == 301'989'888);
  CHECK(weights("vgg16") == 138'344'128);       // torchvision: 138,357,544 with 13,416 biases
  CHECK(weights("resnet18") == 11'678'912);     // torchvision: 11,689,512 less norms and bias
  CHECK(weights("resnet50") == 25'502'912);     // torchvision: 25,557,032 less norms and bias
  CHECK(weights("llama-7b") == 6'607'077'376);  // 6,738,415,616 less embedding and norms
}

TEST_CASE("a workload is a known name or a file", "[bench]") {
  try {
    (void)load_workload("bert-bse");
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(std::string(error.what()).find("bert-base") != std::string::npos);
  }
  CHECK_THROWS_AS((void)load_workload("./no/such/file.txt"), Error);
  CHECK_THROWS_AS((void)load_workload("/"), Error);
  const auto path = std::filesystem::temp_directory_path() /
                    ("tvw-workload-" + std::to_string(::getpid()) + ".txt");
  std::ofstream(path) << "* 8 4 1 only\n";
  const Workload workload = load_workload(path.string());
  std::filesystem::remove(path);
  CHECK(workload.name == path.stem().string());
  CHECK(workload.layers.at(0).name == "only");
}
