// Runs one CPU executor on random weights, for tools that look at a process from outside. Its first
// run makes scratch memory; the one to look at is in run_again():
//
//   kernel_once EXECUTOR PATTERN M N K [DTYPE]
//   kernel_once cpu.tvw.simd tvw:g=64 64 256 256 bf16
#include <iostream>
#include <string>

#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/text.hpp"
#include "tvw/kernels/registry.hpp"

using namespace tvw;

namespace {

constexpr double kDensity = 0.5;  // of a TW tile; 2:4 inside of it halves that
constexpr uint32_t kSeed = 1;

/// By its name instruction_counts.py finds it.
[[gnu::noinline]] void run_again(kernels::Plan& plan, const TypedBuffer& A, TypedBuffer& C) {
  plan.run(A.bytes().data(), C.bytes().data());
}

int run(int argc, char** argv) {
  if (argc < 6) throw Error(ErrorCode::kUsage, "EXECUTOR PATTERN M N K [DTYPE]");
  const auto size = [&](int i) { return static_cast<int64_t>(std::stoll(argv[i])); };
  const int64_t M = size(3), N = size(4), K = size(5);
  const DType dtype = argc > 6 ? parse_dtype(argv[6]) : DType::kF32;
  set_thread_count(1);
  const kernels::Registry registry = kernels::Registry::discover();
  const kernels::Executor& executor = registry.executor(argv[1]);
  const PatternSpec spec = parse_pattern(argv[2]);
  const DenseMatrix dense = test::random_dense(K, N, dtype, kSeed);
  const pack::PackedWeights weights =
      pack::pack(dense, test::random_selection(K, N, spec, kDensity, kSeed, false), spec);
  kernels::Problem problem;
  problem.M = M;
  problem.dtype = dtype;
  problem.weights = &weights;
  const kernels::Support support = executor.supports(problem);
  if (!support) throw Error(ErrorCode::kUnsupported, support.reason);
  const TypedBuffer A = test::random_dense(M, K, dtype, kSeed + 1).values;
  TypedBuffer C(dtype, M * N);
  const auto plan = executor.prepare(problem, registry.device("cpu"));
  plan->run(A.bytes().data(), C.bytes().data());
  run_again(*plan, A, C);
  std::cout << plan->kernel_name() << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "kernel_once: " << error.what() << "\n";
    return 1;
  }
}
