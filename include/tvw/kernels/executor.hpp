/// @file One way to compute C = A * B + bias, activation, with B packed. See registry.hpp for the
/// list.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tvw/core/dtype.hpp"
#include "tvw/core/gemm_shape.hpp"
#include "tvw/kernels/device.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw::kernels {

/// How activations lie in memory; both operands always share it.
enum class Layout : uint8_t {
  kTokenMajor,    ///< A [M, K], C [M, N] row-major: what runtimes hand over
  kFeatureMajor,  ///< A [K, M], C [N, M] row-major: a kept row of TW is contiguous
};
[[nodiscard]] std::string_view name(Layout layout);  ///< "token", "feature"

enum class Activation : uint8_t { kNone, kRelu, kGeluErf, kGeluTanh };
/// "none", "relu", "gelu", "gelu-tanh".
[[nodiscard]] std::string_view name(Activation activation);

/// C = activation(A * B + bias), or activation(A * B + bias + C).
struct Epilogue {
  std::span<const float> bias;  ///< [N] host memory, or empty; must outlive prepare()
  Activation activation = Activation::kNone;
  /// A residual connection: what C holds before is added, before the activation.
  bool add_to_c = false;
};
/// "none", or of "bias", "relu", "gelu", "gelu-tanh" and "add" those that there are: "bias+gelu".
[[nodiscard]] std::string name(const Epilogue& epilogue);

class Tuning;

/// What is to be computed. Activations and results have type `dtype`; products are summed in f32.
struct Problem {
  int64_t M = 0;
  DType dtype = DType::kF32;
  Layout layout = Layout::kTokenMajor;
  const pack::PackedWeights* weights = nullptr;  ///< not owned; must outlive prepare()
  Epilogue epilogue;
  /// Not owned, must outlive prepare(). With one, executors that have several ways choose by
  /// measurement and remember; without, as they see fit.
  Tuning* tuning = nullptr;

  [[nodiscard]] GemmShape shape() const { return {M, pack::cols(*weights), pack::rows(*weights)}; }
};

/// "Cannot run here" is a value and always has a reason.
struct Support {
  bool ok = false;
  std::string reason;  ///< why not; empty if ok
  static Support yes() { return {true, {}}; }
  static Support no(std::string why) { return {false, std::move(why)}; }
  explicit operator bool() const { return ok; }
};

/// A prepared problem: weights are in the executor's own layout, scratch is allocated.
class Plan {
 public:
  virtual ~Plan() = default;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// Only launches; may return before the work is done (Device::time_us waits). `A` and `C` are
  /// memory of the executor's device, dense, in the problem's layout and dtype; C is overwritten,
  /// or read before if the epilogue adds to it.
  virtual void run(const void* A, void* C) = 0;
  /// What really runs, e.g. "tw_f32_avx512 24x8" or a CUDA kernel's name.
  [[nodiscard]] virtual std::string kernel_name() const = 0;
  /// Instruction family: "avx512", "avx2", "neon", "scalar", "wgmma.sp", ...
  [[nodiscard]] virtual std::string isa() const = 0;
  /// Bytes of weights (values, indices) that one run reads.
  [[nodiscard]] virtual int64_t weight_bytes() const = 0;
  /// Multiplications and additions one run really does.
  [[nodiscard]] virtual double actual_flops() const = 0;
  /// The same plan with weights of its own elsewhere in memory, so that a benchmark can go through
  /// more weights than a cache holds; null if the executor has no such thing.
  [[nodiscard]] virtual std::unique_ptr<Plan> duplicate() const { return nullptr; }

 protected:
  Plan() = default;
};

class Executor {
 public:
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  [[nodiscard]] virtual std::string_view name() const = 0;    ///< "cpu.tvw.simd"
  [[nodiscard]] virtual std::string_view format() const = 0;  ///< pack::format_name it takes
  [[nodiscard]] virtual DeviceKind device() const = 0;
  [[nodiscard]] virtual Support supports(const Problem& problem) const = 0;
  /// How it would go about the problem and why, for `tvw bench --list`; empty if there is one way.
  /// REQUIRES: supports(problem).
  [[nodiscard]] virtual std::string explain(const Problem& /*problem*/) const { return {}; }
  /// All conversion, allocation and upload happens here, outside of what is timed.
  /// REQUIRES: supports(problem).
  /// @throws Error kUnsupported out of memory and the like
  [[nodiscard]] virtual std::unique_ptr<Plan> prepare(const Problem& problem,
                                                      Device& device) const = 0;

 protected:
  Executor() = default;
};

}  // namespace tvw::kernels
