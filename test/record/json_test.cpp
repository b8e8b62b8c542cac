#include "tvw/record/json.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

using namespace tvw;
using namespace tvw::record;

namespace {

BenchRow timed_row() {
  BenchRow row;
  row.workload = "bert-base";
  row.layer = "ffn.up";
  row.count = 12;
  row.M = 512;
  row.N = 3072;
  row.K = 768;
  row.pattern = "tvw:g=64,nm=2:4";
  row.format = "tvw";
  row.target_sparsity = 0.75;
  row.sparsity = 0.7499;
  row.kept_score = 0.55;
  row.seed = std::numeric_limits<uint64_t>::max();
  row.executor = "cpu.tvw.simd";
  row.kernel = "tvw_f32_avx512 24x8";
  row.isa = "avx512";
  row.device = "cpu";
  row.dtype = "f32";
  row.layout = "token";
  row.cache = "hot";
  row.status = RowStatus::kTimed;
  row.verified = true;
  row.max_rel_error = 1e-7;
  row.tolerance = 1e-5;
  row.checked_outputs = 4096;
  row.median_us = 2.0;
  row.mad_us = 0.5;
  row.samples_us = {1.5, 2.0, 2.5};
  row.repeats = 100;
  row.speedup_vs_dense = 0.75;
  row.dense_executor = "cpu.dense.onednn";
  row.dense_layout = "token";
  row.weight_bytes = 12345;
  row.actual_gflops = 10.0;
  return row;
}

BenchRecord sample() {
  BenchRecord record;
  record.environment = collect_environment({{"oneDNN", "2.7.2"}});
  record.environment.devices = {{"cpu", "Some CPU", {{"isa", "avx512"}}}};
  record.argv = {"tvw", "bench", "--pattern", "tvw \"quoted\" \xc3\xa9"};
  record.rows = {timed_row()};
  record.auto_choices = {{"bert-base", "ffn.up", 12, 512, "hot", 0.75, "dense", "cpu.dense.onednn",
                          "token", 2.0, 1.0}};
  return record;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& text) {
  try {
    (void)parse_bench_record(text, "run.json");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kBadFile);
    return error.what();
  }
  return "no error";
}

class TempDir {
 public:
  TempDir()
      : path_(std::filesystem::temp_directory_path() / ("tvw-json-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }
  [[nodiscard]] size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a bench record survives the round trip, to the byte", "[record]") {
  const std::string text = to_json(sample());
  const BenchRecord back = parse_bench_record(text, "run.json");
  CHECK(to_json(back) == text);
  REQUIRE(back.rows.size() == 1);
  CHECK(back.rows[0].seed == std::numeric_limits<uint64_t>::max());
  CHECK(back.rows[0].speedup_vs_dense == 0.75);
  CHECK_FALSE(back.rows[0].roofline_us.has_value());
  CHECK(back.rows[0].samples_us == std::vector<double>{1.5, 2.0, 2.5});
  CHECK(back.argv == sample().argv);
  CHECK(back.auto_choices.at(0).pattern == "dense");
}

TEST_CASE("rows of version 1.0 have no epilogue", "[record]") {
  BenchRecord record = sample();
  record.rows[0].epilogue = "bias+gelu";
  const std::string text = to_json(record);
  CHECK(parse_bench_record(text, "run.json").rows[0].epilogue == "bias+gelu");
  const std::string older = replaced(text, "\"epilogue\": \"bias+gelu\",", "");
  CHECK(parse_bench_record(older, "run.json").rows[0].epilogue == "none");
  CHECK(message_of(replaced(text, "\"bias+gelu\"", "7")) ==
        "run.json: /rows/0/epilogue: got 7, expected a string");
}

TEST_CASE("NaN and Inf are written as null with the reason", "[record]") {
  BenchRecord record = sample();
  record.rows[0].status = RowStatus::kWrong;
  record.rows[0].verified = false;
  record.rows[0].max_rel_error = std::numeric_limits<double>::quiet_NaN();
  record.rows[0].tolerance = std::numeric_limits<double>::infinity();
  const std::string text = to_json(record);
  CHECK(text.find("\"max_rel_error\": null") != std::string::npos);
  CHECK(text.find("\"max_rel_error\": \"not a number\"") != std::string::npos);
  CHECK(text.find("\"tolerance\": \"infinite\"") != std::string::npos);
  const BenchRecord back = parse_bench_record(text, "run.json");
  CHECK_FALSE(back.rows[0].max_rel_error.has_value());
  CHECK(has_wrong_result(back));
}

TEST_CASE("text that is not UTF-8 is still written as JSON", "[record]") {
  BenchRecord record = sample();
  record.rows[0].layer = "caf\xe9";
  CHECK_NOTHROW((void)parse_bench_record(to_json(record), "run.json"));
}

TEST_CASE("a wrong record is refused with the place, what is there and what should be",
          "[record]") {
  const std::string good = to_json(sample());
  CHECK(message_of(good) == "no error");
  CHECK(message_of("").find("run.json: not a JSON text") == 0);
  CHECK(message_of("[1, 2").find("not a JSON text") != std::string::npos);
  CHECK(message_of("[]").find("expected an object") != std::string::npos);
  CHECK(message_of("{}").find("/kind: got nothing") != std::string::npos);
  CHECK(message_of(replaced(good, "tvw.bench", "tvw.prune")) ==
        "run.json: /kind: got \"tvw.prune\", expected \"tvw.bench\"");
  CHECK(message_of(replaced(good, "\"schema_version\": \"1.2\"", "\"schema_version\": \"2.0\""))
            .find("/schema_version: got \"2.0\", expected \"1.x\"") != std::string::npos);
  CHECK(message_of(replaced(good, "\"schema_version\": \"1.2\"", "\"schema_version\": \"1.7\"")) ==
        "no error");
  CHECK(message_of(replaced(good, "\"M\": 512", "\"M\": \"512\"")) ==
        "run.json: /rows/0/M: got \"512\", expected an integer >= 0");
  CHECK(message_of(replaced(good, "\"M\": 512", "\"M\": 0")).find("/rows/0/M") !=
        std::string::npos);
  CHECK(
      message_of(replaced(good, "\"M\": 512", "\"M\": 18446744073709551615")).find("below 2^63") !=
      std::string::npos);
  CHECK(message_of(replaced(good, "\"M\": 512", "\"M\": -1")).find("/rows/0/M") !=
        std::string::npos);
  CHECK(message_of(replaced(good, "\"median_us\": 2.0", "\"median_us\": 1e999")) != "no error");
  CHECK(message_of(replaced(good, "\"median_us\": 2.0", "\"median_us\": 0")) != "no error");
  CHECK(message_of(replaced(good, "\"median_us\": 2.0", "\"median_us\": null")) != "no error");
  CHECK(message_of(replaced(good, "\"verified\": true", "\"verified\": false")) != "no error");
  CHECK(message_of(replaced(good, "\"status\": \"timed\"", "\"status\": \"great\"")) ==
        "run.json: /rows/0/status: got \"great\", expected \"timed\" or \"skipped\" or \"wrong\"");
  CHECK(message_of(replaced(good, "\"layer\": \"ffn.up\",", "")) ==
        "run.json: /rows/0/layer: got nothing, expected a value");
  CHECK(message_of(std::string(100'000, '[')) != "no error");
}

TEST_CASE("any truncation or flipped byte of a record is an Error or a record", "[record]") {
  const std::string good = to_json(sample());
  for (size_t i = 0; i < good.size(); i += 7) {
    std::string text = good;
    text[i] = static_cast<char>(text[i] ^ 0x15);
    for (const std::string& hostile : {good.substr(0, i), text}) {
      try {
        (void)parse_bench_record(hostile, "run.json");
      } catch (const Error&) {
      }
    }
  }
}

TEST_CASE("a prune record survives the round trip", "[record]") {
  PruneRecord record;
  record.source = "model.onnx";
  record.outputs = {"model.tvw.onnx", "model.tvw.safetensors"};
  record.pattern = "tvw:g=64,nm=2:4";
  record.scope = "global";
  record.score = "magnitude";
  record.target_sparsity = 0.75;
  record.rows = {
      {"w", "MatMul", 768, 3072, "f32", "tvw:g=64,nm=2:4", 0.75, 0.7501, 0.55, 100, 28, ""},
      {"v", "Conv", 9, 4, "f32", "", {}, 0.0, {}, 10, 10, "excluded"}};
  record.pruned = {100, 25, 100, 28, 0.75, 0.55};
  record.model = {110, 35, 110, 38, 0.6818, {}};
  const std::string text = to_json(record);
  const PruneRecord back = parse_prune_record(text, "prune.json");
  CHECK(to_json(back) == text);
  CHECK(back.rows.at(1).skipped_reason == "excluded");
  CHECK_THROWS_AS((void)parse_bench_record(text, "prune.json"), Error);
}

TEST_CASE("records are saved whole or not at all", "[record]") {
  const TempDir folder;
  const auto path = folder / "run.json";
  save_text(to_json(sample()), path);
  save_text(to_json(sample()), path);  // replaces
  CHECK(folder.files() == 1);
  CHECK(to_json(load_bench_record(path)).size() == to_json(sample()).size());

  const auto fails_with_io = [](const auto& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code() == ErrorCode::kIo;
    }
    return false;
  };
  CHECK(fails_with_io([&] { save_text(to_json(sample()), folder / "no" / "such" / "run.json"); }));
  CHECK(fails_with_io([&] { save_text("x", folder / "."); }));
  CHECK(fails_with_io([&] { (void)load_bench_record(folder / "missing.json"); }));
  CHECK(fails_with_io([&] { (void)load_bench_record(folder / "."); }));
  CHECK(folder.files() == 1);
}
