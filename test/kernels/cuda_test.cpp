// The CUDA module: its host side everywhere, its executors where there is a GPU.
//
// On a machine with a GPU, TVW_CUDA_PROBLEMS sets how many random problems are tried (default 100)
// and TVW_CUDA_SEED where they start; a failure prints the seed of its problem. TVW_CUDA_EXECUTORS
// is part of the names of the executors that are tried (default all). Most problems run a variant
// of the kernel by chance, as all have to be right; every eighth the fastest one, or all of them
// what TVW_CUDA_VARIANT says. Some use a few multiprocessors only, so that each has many tiles.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <set>

#include "support/all_positions.hpp"
#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/reference.hpp"
#include "tvw/kernels/registry.hpp"

namespace tvw {
namespace {

using kernels::Activation;
using kernels::Layout;

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

const kernels::Registry& registry() {
  static const kernels::Registry instance = kernels::Registry::discover();
  return instance;
}

std::shared_ptr<kernels::Device> gpu() {
  for (const auto& device : registry().devices()) {
    if (device->kind() == kernels::DeviceKind::kCuda) return device;
  }
  return nullptr;
}

/// Everything about one random problem follows from its seed.
struct RandomProblem {
  int64_t M, K, N;
  double density;
  bool empty_tile;
  DType dtype;
  Layout layout;
  Activation activation;
  bool bias;
  int multiprocessors;  ///< 0: all
  std::string pattern;
};

template <class T>
T pick(std::mt19937& generator, std::initializer_list<T> values) {
  return *(values.begin() + std::uniform_int_distribution<size_t>(0, values.size() - 1)(generator));
}

std::string pattern_of(std::string_view format, std::mt19937& generator) {
  const std::string g = std::to_string(pick<int>(generator, {16, 40, 64, 96, 128, 200, 256, 300}));
  if (format == "csr") return "ew";
  if (format == "block-ell") return "block:b=" + std::to_string(pick<int>(generator, {16, 32, 64}));
  if (format == "nm") return pick<const char*>(generator, {"2:4", "2:4", "1:4", "1:2"});
  if (format == "tw") return "tw:g=" + g;
  return "tvw:g=" + g + pick<const char*>(generator, {"", "", ",nm=1:4", ",nm=1:2"});
}

RandomProblem random_problem(std::string_view format, uint32_t seed) {
  std::mt19937 generator(seed);
  const auto size = [&](int64_t most) {
    return pick<int64_t>(generator, {1, 8, 64, 128, 0, 0, 0}) != 0
               ? std::uniform_int_distribution<int64_t>(1, most)(generator)
               : pick<int64_t>(generator, {1, 2, 7, 8, 16, 31, 64, 128, 256, most});
  };
  RandomProblem p;
  p.M = size(700);
  p.K = size(pick<int64_t>(generator, {600, 600, 600, 2400}));
  p.N = size(600);
  p.density = pick<double>(generator, {0.0, 0.05, 0.25, 0.5, 0.5, 1.0});
  p.empty_tile = generator() % 5 == 0;
  p.dtype = pick<DType>(generator, {DType::kF16, DType::kBF16});
  p.layout = pick<Layout>(generator, {Layout::kFeatureMajor, Layout::kTokenMajor});
  p.activation =
      pick<Activation>(generator, {Activation::kNone, Activation::kNone, Activation::kRelu,
                                   Activation::kGeluErf, Activation::kGeluTanh});
  p.bias = generator() % 2 == 0;
  if (generator() % 3 == 0) {  // what the libraries' kernels take
    p.activation = Activation::kNone;
    p.bias = false;
    for (int64_t* extent : {&p.M, &p.K, &p.N}) *extent = (*extent + 63) / 64 * 64;
  }
  if (generator() % 3 == 0) p.M = p.M % 64 + 1;  // what the decode kernels take
  p.multiprocessors = pick<int>(generator, {0, 0, 1, 3});
  p.pattern = pattern_of(format, generator);
  return p;
}

struct Outcome {
  bool accepted = false;
  std::string refused;
  kernels::ErrorReport error;
};

bool is_ours(std::string_view executor) {
  return executor.ends_with(".sm90") || executor.ends_with(".sm80") ||
         executor.ends_with(".decode");
}

bool is_gelu(Activation activation) {
  return activation == Activation::kGeluErf || activation == Activation::kGeluTanh;
}

Outcome run_problem(const kernels::Executor& executor, kernels::Device& device, uint32_t seed) {
  const RandomProblem p = random_problem(executor.format(), seed);
  const DenseMatrix dense = test::random_dense(p.K, p.N, p.dtype, seed);
  pack::PackedWeights weights = dense;
  if (executor.format() != "dense") {
    const PatternSpec spec = parse_pattern(p.pattern);
    weights = pack::pack(
        dense, test::random_selection(p.K, p.N, spec, p.density, seed, p.empty_tile), spec);
  }
  const auto floats = [](int64_t count, DType dtype, uint32_t s) {
    return test::random_dense(1, count, dtype, s).values;
  };
  // Libraries take a bias of the problem's type.
  const DType bias_type = is_ours(executor.name()) ? DType::kF32 : p.dtype;
  const std::vector<float> bias = floats(p.N, bias_type, seed + 1).to_f32();
  kernels::Problem problem{p.M, p.dtype, p.layout, &weights, {}};
  problem.epilogue.activation = p.activation;
  if (p.bias) problem.epilogue.bias = bias;

  Outcome outcome;
  const kernels::Support support = executor.supports(problem);
  if (!support) {
    outcome.refused = support.reason;
    return outcome;
  }
  outcome.accepted = true;
  const TypedBuffer A = floats(p.M * p.K, p.dtype, seed + 2);
  TypedBuffer C(p.dtype, p.M * p.N);
  std::ranges::fill(C.bytes(), std::byte{0xFF});
  const auto a = device.allocate(A.size_bytes());
  const auto c = device.allocate(C.size_bytes());
  device.copy_in(*a, A.bytes().data(), A.size_bytes());
  device.copy_in(*c, C.bytes().data(), C.size_bytes());
  const auto plan = executor.prepare(problem, device);
  for (int repeat = 0; repeat < 2; ++repeat) plan->run(a->data(), c->data());
  device.copy_out(C.bytes().data(), *c, C.size_bytes());
  const auto positions = test::all_positions(p.M, p.N);
  outcome.error = kernels::compare_with_reference(problem, A.to_f32(), C.to_f32(), positions);
  return outcome;
}

/// Of one way to run an executor, the TVW_CUDA_VARIANT-th.
struct Repetition {
  std::string kernel;
  TypedBuffer C;      ///< of the first run
  int different = 0;  ///< runs that computed anything else
};

/// Runs it `runs` times, each over 0xFF, and from a cold and a warm cache in turn.
Repetition run_repeatedly(const kernels::Executor& executor, kernels::Device& device,
                          const kernels::Problem& problem, const TypedBuffer& A, int runs) {
  TypedBuffer C(problem.dtype, problem.shape().M * problem.shape().N);
  const auto a = device.allocate(A.size_bytes());
  const auto c = device.allocate(C.size_bytes());
  device.copy_in(*a, A.bytes().data(), A.size_bytes());
  const auto plan = executor.prepare(problem, device);
  Repetition result{plan->kernel_name(), C, 0};
  for (int run = 0; run < runs; ++run) {
    std::ranges::fill(C.bytes(), std::byte{0xFF});
    device.copy_in(*c, C.bytes().data(), C.size_bytes());
    if (run % 2 == 1) device.flush_cache();
    (void)device.time_us([&] { plan->run(a->data(), c->data()); }, run % 4 < 2 ? 1 : 3);
    device.copy_out(C.bytes().data(), *c, C.size_bytes());
    if (run == 0) result.C = C;
    result.different += std::ranges::equal(C.bytes(), result.C.bytes()) ? 0 : 1;
  }
  return result;
}

bool is_wanted(const kernels::Executor& executor) {
  const char* wanted = std::getenv("TVW_CUDA_EXECUTORS");
  return executor.device() == kernels::DeviceKind::kCuda &&
         (wanted == nullptr || executor.name().find(wanted) != std::string_view::npos);
}

TEST_CASE("every CUDA executor matches the f64 reference on random problems", "[cuda][random]") {
  const auto device = gpu();
  if (!device) {
    SUCCEED("no GPU here");
    return;
  }
  const int problems = from_environment("TVW_CUDA_PROBLEMS", 100);
  const auto first = static_cast<uint32_t>(from_environment("TVW_CUDA_SEED", 1));
  const bool variant_is_given = std::getenv("TVW_CUDA_VARIANT") != nullptr;
  for (const kernels::Executor* executor : registry().executors()) {
    if (!is_wanted(*executor)) continue;
    // Ours are all to be right; of a library's algorithms the one that it is used with.
    const bool choose_variant = !variant_is_given && is_ours(executor->name());
    if (!variant_is_given) unsetenv("TVW_CUDA_VARIANT");
    int accepted = 0, wrong = 0;
    for (int i = 0; i < problems; ++i) {
      const uint32_t seed = first + static_cast<uint32_t>(i);
      const RandomProblem p = random_problem(executor->format(), seed);
      CAPTURE(executor->name(), seed, p.M, p.K, p.N, p.density, p.pattern, name(p.dtype),
              name(p.layout), static_cast<int>(p.activation), p.bias, p.multiprocessors,
              p.empty_tile);
      if (choose_variant && seed % 8 != 0) {
        setenv("TVW_CUDA_VARIANT", std::to_string(seed * 2654435761U >> 8).c_str(), 1);
      } else if (choose_variant) {
        unsetenv("TVW_CUDA_VARIANT");
      }
      if (p.multiprocessors > 0) {
        setenv("TVW_CUDA_MULTIPROCESSORS", std::to_string(p.multiprocessors).c_str(), 1);
      }
      const Outcome outcome = run_problem(*executor, *device, seed);
      unsetenv("TVW_CUDA_MULTIPROCESSORS");
      if (!outcome.accepted) {
        CHECK_FALSE(outcome.refused.empty());
        continue;
      }
      ++accepted;
      // cuBLASLt rounds a sum to the output's type before its GELU, and the result again.
      const bool rounded_twice = !is_ours(executor->name()) && is_gelu(p.activation);
      const double most = (rounded_twice ? 2 : 1) * kernels::tolerance(p.K, p.dtype);
      const bool right = outcome.error.max_rel_error <= most;
      CAPTURE(outcome.error.max_rel_error, most);
      CHECK(right);
      wrong += right ? 0 : 1;
      if (wrong >= 5) break;  // one executor's bug need not fill the log
    }
    CAPTURE(executor->name());
    if (problems >= 50) CHECK(accepted > 0);  // an executor that refuses everything is untested
    std::printf("%-28s %d problems right\n", std::string(executor->name()).c_str(),
                accepted - wrong);
  }
}

// Sums of no products: all of x is its bias, and what tolerance there is belongs to GELU alone.
TEST_CASE("GELU on CUDA is right over all of its range", "[cuda][gelu]") {
  const auto device = gpu();
  if (!device) {
    SUCCEED("no GPU here");
    return;
  }
  constexpr int64_t kM = 3, kK = 4, kSteps = 6000;  // steps of 1 / 500, and next to powers of two
  std::vector<float> x;
  for (int64_t i = -kSteps; i <= kSteps; ++i) x.push_back(static_cast<float>(i) / 500.0f);
  for (const float power : {0.25f, 0.5f, 1.0f, 2.0f, 4.0f, 8.0f}) {
    for (int i = -2000; i < 2000; ++i) x.push_back(power * (1.0f + static_cast<float>(i) * 1e-5f));
  }
  x.insert(x.end(), {1e-30f, -1e-30f, 3e4f, -3e4f});
  const auto finite = static_cast<int64_t>(x.size());
  x.insert(x.end(),
           {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()});
  const auto N = static_cast<int64_t>(x.size());
  int tried = 0;
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    const DenseMatrix zeros{kK, N, TypedBuffer(dtype, kK * N)};
    const TypedBuffer A = test::random_dense(1, kM * kK, dtype, 3).values;
    std::vector<kernels::OutputPosition> positions;
    for (int64_t n = 0; n < finite; ++n) positions.push_back({n % kM, n});
    for (const auto& [format, pattern] :
         {std::pair{"tw", "tw:g=256"}, std::pair{"tvw", "tvw:g=256"}, std::pair{"nm", "2:4"}}) {
      const PatternSpec spec = parse_pattern(pattern);
      const pack::PackedWeights weights =
          pack::pack(zeros, test::random_selection(kK, N, spec, 1.0, 1, false), spec);
      for (const char* family : {".decode", ".sm80", ".sm90"}) {
        for (const Activation form : {Activation::kGeluErf, Activation::kGeluTanh}) {
          const std::string name = std::string("cuda.") + format + family;
          const kernels::Executor& executor = registry().executor(name);
          kernels::Problem problem{kM, dtype, Layout::kFeatureMajor, &weights, {}};
          problem.epilogue.bias = x;
          problem.epilogue.activation = form;
          if (!is_wanted(executor) || !executor.supports(problem)) continue;
          ++tried;
          const std::vector<float> C = run_repeatedly(executor, *device, problem, A, 1).C.to_f32();
          const kernels::ErrorReport error =
              kernels::compare_with_reference(problem, A.to_f32(), C, positions);
          CAPTURE(name, tvw::name(dtype), static_cast<int>(form), error.max_rel_error);
          CHECK(error.ok);
          CHECK(C[static_cast<size_t>(finite * kM)] == std::numeric_limits<float>::infinity());
          CHECK(std::isnan(C[static_cast<size_t>((finite + 1) * kM)]));
        }
      }
    }
  }
  if (std::getenv("TVW_CUDA_EXECUTORS") == nullptr) CHECK(tried > 0);
}

// Large enough for two CTAs on an SM, and so dense that the rings of one go round. Weights that a
// warp was still reading were overwritten there, in every run of some ways, and never in small
// problems.
TEST_CASE("our CUDA kernels compute the same each time on a full GPU", "[cuda][repeated]") {
  const auto device = gpu();
  if (!device) {
    SUCCEED("no GPU here");
    return;
  }
  constexpr int64_t kK = 4096, kN = 11008;
  constexpr int kRuns = 12;
  const DenseMatrix dense = test::random_dense(kK, kN, DType::kF16, 1);
  for (const auto& [format, pattern] :
       {std::pair{"tw", "tw:g=256"}, std::pair{"tvw", "tvw:g=256"}, std::pair{"nm", "2:4"}}) {
    const PatternSpec spec = parse_pattern(pattern);
    const pack::PackedWeights weights =
        pack::pack(dense, test::random_selection(kK, kN, spec, 0.75, 1, false), spec);
    for (const auto& [family, M] :
         {std::pair{".decode", 1}, std::pair{".decode", 3}, std::pair{".decode", 4},
          std::pair{".decode", 8}, std::pair{".decode", 16}, std::pair{".decode", 64},
          std::pair{".sm80", 600}, std::pair{".sm90", 100}, std::pair{".sm90", 600}}) {
      const std::string name = std::string("cuda.") + format + family;
      const kernels::Executor& executor = registry().executor(name);
      const kernels::Problem problem{M, DType::kF16, Layout::kFeatureMajor, &weights, {}};
      if (!is_wanted(executor) || !executor.supports(problem)) continue;
      const TypedBuffer A = test::random_dense(1, M * kK, DType::kF16, 3).values;
      std::vector<kernels::OutputPosition> positions;
      for (int64_t n = 0; n < kN; n += 7) positions.push_back({n % M, n});
      std::set<std::string> tried;
      for (int variant = 0;; ++variant) {
        setenv("TVW_CUDA_VARIANT", std::to_string(variant).c_str(), 1);
        const Repetition result = run_repeatedly(executor, *device, problem, A, kRuns);
        if (!tried.insert(result.kernel).second) break;  // the count has gone round
        CAPTURE(name, M, result.kernel, result.different);
        CHECK(result.different == 0);
        if (variant > 0) continue;  // the random problems check what each of them computes
        const kernels::ErrorReport error =
            kernels::compare_with_reference(problem, A.to_f32(), result.C.to_f32(), positions);
        CHECK(error.ok);
      }
      CHECK(tried.size() > 1);
    }
  }
  unsetenv("TVW_CUDA_VARIANT");
}

}  // namespace
}  // namespace tvw
