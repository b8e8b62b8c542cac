// Every executor in the registry x every case: nothing can be registered without being tested.
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/cpu/panel_io.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "support/all_positions.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/reference.hpp"
#include "tvw/kernels/registry.hpp"

namespace tvw {
namespace {

using kernels::Activation;
using kernels::Layout;
using test::all_positions;

struct Case {
  int64_t M, K, N;
  double density;
  Layout layout;
  Activation activation;
  bool bias;
  bool add_to_c;
  DType stored;  ///< of the weights
  DType dtype;   ///< of activations and results
};

std::vector<Case> cases() {
  std::vector<Case> list;
  constexpr int64_t kShapes[][3] = {{1, 1, 1},
                                    {1, 64, 64},
                                    {3, 17, 5},
                                    {16, 128, 65},
                                    {33, 70, 130},
                                    {128, 96, 64},
                                    {161, 257, 40},
                                    {170, 640, 100},
                                    {70, 131, 517},
                                    {14, 70, 90},
                                    {21, 96, 70},
                                    {1, 2500, 20},
                                    {8, 300, 30},
                                    // More rows than are gathered at a time for so many tokens.
                                    {22, 300, 33},
                                    // More columns than a thread puts in their places at a time.
                                    {18, 40, 300},
                                    {3, 24, 2100},
                                    // Each thread has two panels of many rows.
                                    {80, 240, 200}};
  constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu, Activation::kGeluErf,
                                         Activation::kGeluTanh};
  // bf16 with weights of bf16 is what kernels multiply as such.
  constexpr DType kTypes[][2] = {{DType::kF32, DType::kF32},  {DType::kBF16, DType::kBF16},
                                 {DType::kF16, DType::kF32},  {DType::kBF16, DType::kF32},
                                 {DType::kF32, DType::kBF16}, {DType::kF16, DType::kF16}};
  size_t turn = 0;  // walks through activations and biases beside the rest
  for (const auto& shape : kShapes) {
    for (const double density : {0.0, 0.4, 1.0}) {
      for (const Layout layout : {Layout::kTokenMajor, Layout::kFeatureMajor}) {
        for (const auto& [stored, dtype] : kTypes) {
          list.push_back({shape[0], shape[1], shape[2], density, layout, kActivations[turn % 4],
                          turn % 3 != 0, turn % 5 == 0, stored, dtype});
          ++turn;
        }
      }
    }
  }
  return list;
}

std::vector<float> random_values(int64_t count, uint32_t seed) {
  return test::random_dense(1, count, DType::kF32, seed).values.to_f32();
}

pack::PackedWeights weights_for(std::string_view format, const Case& c, uint32_t seed) {
  const DenseMatrix dense = test::random_dense(c.K, c.N, c.stored, seed);
  if (format == "dense" || format == "any") return dense;
  const char* pattern = format == "csr"         ? "ew"
                        : format == "block-ell" ? "block:b=16"
                        : format == "nm"        ? (seed % 2 == 0 ? "2:4" : "1:4")
                        : format == "tw"        ? "tw:g=24"
                                                : (seed % 2 == 0 ? "tvw:g=24" : "tvw:g=10,nm=1:2");
  const PatternSpec spec = parse_pattern(pattern);
  return pack::pack(dense, test::random_selection(c.K, c.N, spec, c.density, seed, seed % 5 == 0),
                    spec);
}

struct Run {
  std::vector<float> A, C;
  kernels::Problem problem;
};

bool is_simd(const kernels::Executor& executor) { return executor.name().ends_with(".simd"); }

TEST_CASE("every executor matches the f64 reference on every instruction set", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const test::OwnKernelsUpTo limit(isa);
  const kernels::Registry registry = kernels::Registry::discover();
  kernels::Device& device = registry.device("cpu");
  for (const kernels::Executor* executor : registry.executors()) {
    if (executor->device() != kernels::DeviceKind::kCpu) continue;
    if (!is_simd(*executor) && isa != kernels::cpu_isas().front()) continue;
    int accepted = 0;
    uint32_t seed = 0;
    for (const Case& c : cases()) {
      ++seed;
      CAPTURE(name(isa), executor->name(), c.M, c.K, c.N, c.density, name(c.layout), c.bias,
              c.add_to_c, name(c.stored), name(c.dtype));
      const pack::PackedWeights weights = weights_for(executor->format(), c, seed);
      const std::vector<float> bias = random_values(c.N, seed + 1);
      kernels::Problem problem;
      problem.M = c.M;
      problem.dtype = c.dtype;
      problem.layout = c.layout;
      problem.weights = &weights;
      problem.epilogue.activation = c.activation;
      problem.epilogue.add_to_c = c.add_to_c;
      if (c.bias) problem.epilogue.bias = bias;
      const kernels::Support support = executor->supports(problem);
      if (!support) {
        CHECK_FALSE(support.reason.empty());
        continue;
      }
      ++accepted;
      const auto A = TypedBuffer::from_f32(c.dtype, random_values(c.M * c.K, seed + 2));
      // What is not added to must not be read: it is NaN.
      const auto former = TypedBuffer::from_f32(
          c.dtype, c.add_to_c ? random_values(c.M * c.N, seed + 3)
                              : std::vector<float>(static_cast<size_t>(c.M * c.N), std::nanf("")));
      const auto plan = executor->prepare(problem, device);
      TypedBuffer C;
      for (int i = 0; i < 2; ++i) {  // a plan can be run again
        C = former;
        plan->run(A.bytes().data(), C.bytes().data());
      }
      const auto report = kernels::compare_with_reference(problem, A.to_f32(), C.to_f32(),
                                                          all_positions(c.M, c.N), former.to_f32());
      CHECK(report.ok);
      CHECK(report.max_rel_error <= kernels::tolerance(c.K, c.dtype));
      CHECK_FALSE(plan->kernel_name().empty());
      if (is_simd(*executor)) CHECK(kernels::parse_cpu_isa(plan->isa()) <= isa);
      CHECK(plan->actual_flops() >= 0.0);
    }
    CAPTURE(executor->name());
    CHECK(accepted > 0);  // an executor that refuses every case is untested
  }
}

TEST_CASE("results have the same bits for any number of threads", "[kernels]") {
  const kernels::Registry registry = kernels::Registry::discover();
  const int before = thread_count();
  const DType dtype = GENERATE(DType::kF32, DType::kBF16);
  // Threads take tiles, or panels, or go step by step; of all but 44 the last 4 go by rows; the
  // last is for code.
  const int64_t M = GENERATE(44, 68, 132, 164);
  const Layout layout = GENERATE(Layout::kTokenMajor, Layout::kFeatureMajor);
  const Case c{M, 96, 130, 0.5, layout, Activation::kNone, false, false, dtype, dtype};
  const auto A = TypedBuffer::from_f32(dtype, random_values(c.M * c.K, 1));
  for (const char* executor_name : {"cpu.tvw.simd", "cpu.tw.simd", "cpu.nm.simd", "cpu.csr.simd"}) {
    CAPTURE(executor_name, name(dtype), M, name(layout));
    const kernels::Executor& executor = registry.executor(executor_name);
    const pack::PackedWeights weights = weights_for(executor.format(), c, 4);
    kernels::Problem problem;
    problem.M = c.M;
    problem.layout = layout;
    problem.dtype = dtype;
    problem.weights = &weights;
    std::vector<TypedBuffer> results;
    for (const int threads : {1, 2, 3, 5}) {
      set_thread_count(threads);
      TypedBuffer C(dtype, c.M * c.N);
      executor.prepare(problem, registry.device("cpu"))->run(A.bytes().data(), C.bytes().data());
      results.push_back(std::move(C));
    }
    for (const auto& result : results) CHECK(result == results.front());
  }
  set_thread_count(before);
}

TEST_CASE("plans of few tokens share scratch memory, and nothing else", "[kernels]") {
  const kernels::Registry registry = kernels::Registry::discover();
  const DType dtype = GENERATE(DType::kF32, DType::kBF16);
  const int64_t M = GENERATE(1, 3, 8, 13, 22);
  for (const char* executor_name : {"cpu.tvw.simd", "cpu.tw.simd", "cpu.nm.simd"}) {
    CAPTURE(executor_name, name(dtype), M);
    const kernels::Executor& executor = registry.executor(executor_name);
    // Rows of 0.4 of 70 fill no whole step: what fills it must be zero, whatever was there.
    const Case cases[] = {
        {M, 300, 130, 0.5, Layout::kTokenMajor, Activation::kNone, false, false, dtype, dtype},
        {M, 70, 90, 0.4, Layout::kTokenMajor, Activation::kNone, false, false, dtype, dtype}};
    std::vector<pack::PackedWeights> weights;
    std::vector<std::unique_ptr<kernels::Plan>> plans;
    for (const Case& c : cases) weights.push_back(weights_for(executor.format(), c, 4));
    for (const pack::PackedWeights& of_plan : weights) {
      kernels::Problem problem;
      problem.M = M;
      problem.dtype = dtype;
      problem.weights = &of_plan;
      plans.push_back(executor.prepare(problem, registry.device("cpu")));
    }
    const auto run = [&](size_t plan, const std::vector<float>& values) {
      TypedBuffer C(dtype, M * cases[plan].N);
      const auto A = TypedBuffer::from_f32(dtype, values);
      plans[plan]->run(A.bytes().data(), C.bytes().data());
      return C;
    };
    const auto large = random_values(M * cases[0].K, 1), small = random_values(M * cases[1].K, 2);
    const TypedBuffer large_C = run(0, large), small_C = run(1, small);
    CHECK(run(0, large) == large_C);
    (void)run(0, std::vector<float>(large.size(), std::nanf("")));
    CHECK(run(1, small) == small_C);
    // On two threads, each of which has threads of its own.
    int wrong = 0;
    std::thread other([&] {
      for (int i = 0; i < 20; ++i) wrong += run(0, large) == large_C ? 0 : 1;
    });
    for (int i = 0; i < 20; ++i) CHECK(run(1, small) == small_C);
    other.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("the comparison notices a wrong output", "[kernels]") {
  const pack::PackedWeights weights = test::random_dense(32, 16, DType::kF32, 1);
  kernels::Problem problem;
  problem.M = 8;
  problem.weights = &weights;
  const std::vector<float> A = random_values(8 * 32, 2);
  const auto positions = all_positions(8, 16);
  const std::vector<double> exact = kernels::reference_outputs(problem, A, positions);
  std::vector<float> C(exact.begin(), exact.end());
  CHECK(kernels::compare_with_reference(problem, A, C, positions).ok);
  C[37] += 1e-3f;
  CHECK_FALSE(kernels::compare_with_reference(problem, A, C, positions).ok);
  C[37] = std::nanf("");
  CHECK_FALSE(kernels::compare_with_reference(problem, A, C, positions).ok);
}

TEST_CASE("an executor says why it refuses", "[kernels]") {
  const kernels::Registry registry = kernels::Registry::discover();
  const pack::PackedWeights weights = test::random_dense(32, 16, DType::kF32, 1);
  kernels::Problem problem;
  problem.M = 8;
  problem.weights = &weights;
  CHECK_THAT(registry.executor("cpu.tvw.simd").supports(problem).reason,
             Catch::Contains("dense, not tvw"));
  const pack::PackedWeights tvw =
      weights_for("tvw",
                  {8, 32, 80, 0.5, Layout::kTokenMajor, Activation::kNone, false, false,
                   DType::kF32, DType::kF32},
                  2);
  problem.weights = &tvw;
  CHECK_THAT(registry.executor("cpu.tvw.simd").explain(problem),
             Catch::StartsWith("row plan: M = 8"));
  problem.M = 512;
  CHECK_THAT(registry.executor("cpu.tvw.simd").explain(problem), Catch::StartsWith("panel plan"));
  CHECK(Catch::EndsWith("by code made for the weights")
            .match(registry.executor("cpu.tvw.simd").explain(problem)) ==
        kernels::cpu::compiles_tiles());
  problem.M = 100;
  CHECK_THAT(registry.executor("cpu.tvw.simd").explain(problem),
             Catch::Contains("row plan for the last 4"));
  problem.layout = Layout::kFeatureMajor;  // whose last tokens do not lie together
  CHECK_THAT(registry.executor("cpu.tvw.simd").explain(problem), !Catch::Contains("row plan"));
  problem.weights = &weights;
  problem.dtype = DType::kF16;
  CHECK_THAT(registry.executor("cpu.dense.onednn").supports(problem).reason,
             Catch::Contains("asked for f16"));
}

TEST_CASE("rows are multiplied where they lie in a feature-major A", "[kernels]") {
  if (!kernels::cpu::compiles_tiles()) return not_run();
  const kernels::Registry registry = kernels::Registry::discover();
  const auto in_place = [&](std::string_view name, int64_t M, int64_t N, Layout layout) {
    const kernels::Executor& executor = registry.executor(name);
    const Case c{M, 64, N, 0.5, layout, Activation::kNone, false, false, DType::kF32, DType::kF32};
    const pack::PackedWeights weights = weights_for(executor.format(), c, 3);
    kernels::Problem problem;
    problem.M = M;
    problem.weights = &weights;
    problem.layout = layout;
    const auto plan = executor.prepare(problem, registry.device("cpu"));
    return plan->kernel_name().ends_with(", in place");
  };
  const int before = thread_count();
  for (const int threads : {2, 3}) {
    set_thread_count(threads);
    const bool many = threads > 2;
    for (const int64_t M : {49, 160, 161, 512, 1024}) {
      CAPTURE(threads, M);
      CHECK(in_place("cpu.tvw.simd", M, 128, Layout::kFeatureMajor));
      CHECK_FALSE(in_place("cpu.tvw.simd", M, 128, Layout::kTokenMajor));
      CHECK(in_place("cpu.tvw.simd", M, 1100, Layout::kFeatureMajor) == (many || M < 512));
      CHECK(in_place("cpu.tw.simd", M, 128, Layout::kFeatureMajor) == (M != 1024));
      CHECK(in_place("cpu.tw.simd", M, 1100, Layout::kFeatureMajor) == (many && M != 1024));
    }
  }
  set_thread_count(before);
}

TEST_CASE("panels lie in A if code reaches all of it and tokens fill their vectors", "[kernels]") {
  constexpr int64_t kK = 512;
  const pack::PackedWeights weights = test::random_dense(kK, 1, DType::kF32, 3);
  kernels::Problem problem;
  problem.weights = &weights;
  problem.layout = Layout::kFeatureMajor;
  const auto lie = [&](int64_t M, std::initializer_list<kernels::cpu::TokenBlock> blocks) {
    problem.M = M;
    return kernels::cpu::lie_in_a(problem, blocks);
  };
  CHECK(lie(32, {{0, 16}, {16, 16}}));
  CHECK(lie(17, {{0, 16}, {16, 1}}));  // with 15 of the tokens before it
  CHECK_FALSE(lie(15, {{0, 15}}));     // there are none
  constexpr int64_t kReached = (int64_t{1} << 31) / (kK * 4);
  CHECK(lie(kReached - 16, {{0, 16}}));
  CHECK_FALSE(lie(kReached, {{0, 16}}));
  problem.dtype = DType::kBF16;
  CHECK_FALSE(lie(32, {{0, 16}, {16, 16}}));
}

TEST_CASE("ids of rows have 16 bits, rows that columns share have none", "[kernels]") {
  const kernels::Registry registry = kernels::Registry::discover();
  for (const int64_t K : {int64_t{1} << 16, (int64_t{1} << 16) + 4}) {
    const DenseMatrix dense = test::random_dense(K, 16, DType::kF32, 3);
    for (const auto& [executor, pattern] :
         {std::pair{"cpu.csr.simd", "ew"}, std::pair{"cpu.tw.simd", "tw:g=16"}}) {
      const PatternSpec spec = parse_pattern(pattern);
      const pack::PackedWeights weights =
          pack::pack(dense, test::random_selection(K, 16, spec, 0.25, 4, false), spec);
      kernels::Problem problem;
      problem.M = 64;
      problem.weights = &weights;
      const kernels::Executor& it = registry.executor(executor);
      CAPTURE(K, executor);
      if (K > 1 << 16 && it.format() == "csr") {
        CHECK_THAT(it.supports(problem).reason,
                   Catch::Contains("takes K up to 65536, asked for 65540"));
        continue;
      }
      REQUIRE(it.supports(problem));
      const std::shared_ptr<kernels::Device> cpu = registry.devices().front();
      std::vector<float> A(static_cast<size_t>(problem.M * K), 0.0f);
      A[static_cast<size_t>(2 * K - 1)] = 1.0f;  // the last row of B, for the second token
      std::vector<float> C(static_cast<size_t>(problem.M * 16));
      it.prepare(problem, *cpu)->run(A.data(), C.data());
      const std::vector<kernels::OutputPosition> positions = {{0, 0}, {1, 0}, {1, 7}, {1, 15}};
      CHECK(kernels::compare_with_reference(problem, A, C, positions).ok);
    }
  }
}

}  // namespace
}  // namespace tvw
