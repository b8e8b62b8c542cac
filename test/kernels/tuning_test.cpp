// Choosing by measurement: what is remembered, and that every way computes the same.
#include "tvw/kernels/tuning.hpp"

#include <map>

#include "support/all_positions.hpp"
#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/reference.hpp"
#include "tvw/kernels/registry.hpp"

namespace tvw {
namespace {

class Memory final : public kernels::Tuning {
 public:
  [[nodiscard]] std::optional<std::string> known(const std::string& key) const override {
    const auto found = ways.find(key);
    if (found == ways.end()) return std::nullopt;
    return found->second;
  }
  void remember(const std::string& key, const std::string& way) override { ways[key] = way; }

  std::map<std::string, std::string> ways;
};

pack::PackedWeights weights_of(const std::string& pattern, int64_t K, int64_t N) {
  const DenseMatrix dense = test::random_dense(K, N, DType::kF32, 1);
  const PatternSpec spec = parse_pattern(pattern);
  return pack::pack(dense, test::random_selection(K, N, spec, 0.5, 2, false), spec);
}

kernels::Problem problem_of(const pack::PackedWeights& weights, int64_t M) {
  return {M, DType::kF32, kernels::Layout::kTokenMajor, &weights, {}, nullptr};
}

const kernels::Executor& executor_named(const kernels::Registry& registry, std::string_view name) {
  for (const kernels::Executor* executor : registry.executors()) {
    if (executor->name() == name) return *executor;
  }
  FAIL("no executor " << name);
  std::abort();
}

}  // namespace

TEST_CASE("a way is measured once, and again if its name is not known any more", "[kernels]") {
  const auto weights = weights_of("tw:g=16", 64, 48);
  kernels::Problem problem = problem_of(weights, 8);
  const std::vector<std::string> ways = {"slow", "fast"};
  int measured = 0;
  const auto measure = [&] {
    ++measured;
    return size_t{1};
  };
  CHECK(kernels::choose_way("x", problem, ways, measure) == 1);
  CHECK(kernels::choose_way("x", problem, ways, measure) == 1);
  CHECK(measured == 2);  // nothing remembers

  Memory memory;
  problem.tuning = &memory;
  CHECK_FALSE(kernels::known_way("x", problem, ways).has_value());
  CHECK(kernels::choose_way("x", problem, ways, measure) == 1);
  CHECK(kernels::choose_way("x", problem, ways, measure) == 1);
  CHECK(measured == 3);
  REQUIRE(memory.ways.size() == 1);
  memory.ways.begin()->second = "of another version";
  CHECK(kernels::choose_way("x", problem, ways, measure) == 1);
  CHECK(measured == 4);
  CHECK(memory.ways.begin()->second == "fast");
}

TEST_CASE("the fastest has the least median, however slow a single round of it was", "[kernels]") {
  const std::vector<double> usual = {3.0, 1.0, 2.0};
  std::vector<int> runs(usual.size());
  const size_t fastest = kernels::fastest_in_turns(
      usual.size(), [&](size_t i) { return ++runs[i] == 2 && i == 1 ? 100.0 : usual[i]; });
  CHECK(fastest == 1);
  CHECK(runs == std::vector<int>(3, runs[0]));  // all in every round
}

TEST_CASE("whatever a choice depends on is in its key", "[kernels]") {
  const auto weights = weights_of("tw:g=16", 64, 48), others = weights_of("tw:g=24", 64, 48);
  const kernels::Problem plain = problem_of(weights, 8);
  const std::vector<float> bias(48);
  std::vector<kernels::Problem> problems(7, plain);
  problems[1].M = 9;
  problems[2].dtype = DType::kBF16;
  problems[3].layout = kernels::Layout::kFeatureMajor;
  problems[4].weights = &others;
  problems[5].epilogue.bias = bias;
  problems[6].epilogue.activation = kernels::Activation::kRelu;
  std::map<std::string, size_t> keys;
  for (size_t i = 0; i < problems.size(); ++i) keys[kernels::tuning_key("x", problems[i])] = i;
  keys[kernels::tuning_key("y", plain)] = problems.size();
  // As many values in each.
  const char* const patterns[] = {"block:b=8", "block:b=16", "2:4",
                                  "1:2",       "tvw:g=16",   "tvw:g=16,nm=1:2"};
  for (size_t i = 0; i < std::size(patterns); ++i) {
    keys[kernels::tuning_key("x", problem_of(weights_of(patterns[i], 64, 48), 8))] = 100 + i;
  }
  CHECK(keys.size() == problems.size() + 1 + std::size(patterns));
}

TEST_CASE("every way of a CPU executor computes the same, and is the one asked for", "[kernels]") {
  const kernels::Registry registry = kernels::Registry::discover();
  kernels::Device& device = registry.device("cpu");
  const int threads_before = thread_count();
  set_thread_count(2);
  constexpr int64_t K = 96, N = 70;
  // The way, and what its kernel's name says of it.
  using Ways = std::vector<std::pair<std::string, std::string>>;
  const std::string panels = "panel plan, ";
  const Ways few = {
      {"row plan", "_row_"},
      {panels + "1 panels of 48 tokens, a thread takes whole ones", " 48 tokens"},
      {panels + "1 panels of 48 tokens, a thread takes tiles of columns", " 48 tokens"},
      {panels + "2 panels of 32 tokens, a thread takes whole ones", " 32 tokens"},
      {panels + "2 panels of 32 tokens, a thread takes tiles of columns", " 32 tokens"},
      {panels + "3 panels of 16 tokens, a thread takes whole ones", " 16 tokens"},
      {panels + "3 panels of 16 tokens, a thread takes tiles of columns", " 16 tokens"}};
  const Ways many = {{panels + "3 panels of 48 tokens, a thread takes whole ones", " 48 tokens"},
                     {panels + "3 panels of 48 tokens, threads share each", " 48 tokens"},
                     {panels + "9 panels of 16 tokens, threads share each", " 16 tokens"}};
  // Rows of a block of 16 and one of 13; the model has panels for so many.
  const Ways rows = {{"row plan", "_row_"}};
  const auto [M, ways] = GENERATE_COPY(std::pair{int64_t{29}, rows}, std::pair{int64_t{40}, few},
                                       std::pair{int64_t{140}, many});
  for (const std::string name : {"cpu.tw.simd", "cpu.tvw.simd", "cpu.nm.simd"}) {
    const auto& executor = executor_named(registry, name);
    const std::string pattern = name == "cpu.nm.simd"   ? "2:4"
                                : name == "cpu.tw.simd" ? "tw:g=24"
                                                        : "tvw:g=24";
    const auto weights = weights_of(pattern, K, N);
    kernels::Problem problem = problem_of(weights, M);
    Memory memory;
    problem.tuning = &memory;
    CHECK(executor.explain(problem).find("measured when prepared") != std::string::npos);
    (void)executor.prepare(problem, device);
    REQUIRE(memory.ways.size() == 1);  // measured and remembered
    CHECK(executor.explain(problem).find(memory.ways.begin()->second) != std::string::npos);
    const std::vector<float> A = test::random_dense(1, M * K, DType::kF32, 3).values.to_f32();
    const auto positions = test::all_positions(M, N);
    for (const auto& [way, kernel] : ways) {
      CAPTURE(name, way);
      memory.ways.begin()->second = way;
      const auto plan = executor.prepare(problem, device);
      CHECK(memory.ways.begin()->second == way);  // known: not measured again
      CHECK(plan->kernel_name().find(kernel) != std::string::npos);
      std::vector<float> C(static_cast<size_t>(M * N), -1.0f);
      plan->run(A.data(), C.data());
      CHECK(kernels::compare_with_reference(problem, A, C, positions).ok);
    }
  }
  set_thread_count(threads_before);
}

}  // namespace tvw
