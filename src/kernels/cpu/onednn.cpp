// cpu.dense.onednn: the dense baseline, at the best that oneDNN can do for the problem.
//
// oneDNN can be asked for the same product in several ways, and which is fastest depends on the
// shape. prepare() builds them all, times each and keeps the fastest: the baseline is the library's
// best.
#include <algorithm>
#include <chrono>
#include <dnnl.hpp>
#include <functional>
#include <limits>
#include <optional>
#include <unordered_map>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/executors.hpp"
#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/isa.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

constexpr auto kF32 = memory::data_type::f32;

memory::data_type type_of(DType dtype) {
  return dtype == DType::kBF16 ? memory::data_type::bf16 : kF32;
}
constexpr int kTrials = 3;
/// That a thread converts at a time.
constexpr int64_t kConverted = int64_t{16} << 10;

dnnl::engine& engine() {
  static dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

/// The sum and the activation as post-ops.
dnnl::primitive_attr attributes(const Epilogue& epilogue) {
  dnnl::post_ops ops;
  if (epilogue.add_to_c) ops.append_sum(1.0f);
  switch (epilogue.activation) {
    case Activation::kNone:
      break;
    case Activation::kRelu:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      break;
    case Activation::kGeluErf:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_erf, 0.0f, 0.0f);
      break;
    case Activation::kGeluTanh:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0.0f, 0.0f);
      break;
  }
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

/// One way to ask for the product.
struct Variant {
  std::string name;
  /// True: C^T = B^T A^T, the weights are oneDNN's source and the activations its weights.
  bool swapped = false;
  /// Weights in the layout that oneDNN likes best, reordered once.
  bool prepacked = false;
  /// What is bf16 becomes f32 for it: some processors multiply that as fast, and oneDNN's kernels
  /// for it are the better ones there.
  bool in_f32 = false;
};

/// Calls convert(first, count) for parts of so many elements, on all threads.
void over_parts(int64_t elements, const std::function<void(int64_t, int64_t)>& convert) {
  const int64_t parts = parts_of(elements, kConverted);
  parallel_for(parts, [&](int64_t part) {
    const Range taken = part_of(elements, parts, part);
    convert(taken.begin, taken.count());
  });
}
/// As many bf16 as `to` has room for.
void to_f32(const void* from, HostFloats& to) {
  const auto* values = static_cast<const uint16_t*>(from);
  over_parts(std::ssize(to), [&](int64_t first, int64_t count) {
    bf16_to_f32(values + first, count, to.data() + first);
  });
}
void to_bf16(const HostFloats& from, void* to) {
  auto* values = static_cast<uint16_t*>(to);
  over_parts(std::ssize(from), [&](int64_t first, int64_t count) {
    f32_to_bf16(from.data() + first, count, values + first);
  });
}

class Formulation {
 public:
  /// `dense` [K, N], of the problem's dtype or f32, as the variant has it, and `bias` [N] or empty
  /// are read here and in run(); not owned.
  Formulation(const Problem& problem, const Variant& variant, HostBytes& dense,
              std::vector<float>& bias)
      : variant_(variant), adds_to_c_(problem.epilogue.add_to_c) {
    const GemmShape s = problem.shape();
    const bool token = problem.layout == Layout::kTokenMajor;
    const memory::dims act_dims = variant.swapped ? memory::dims{s.K, s.M} : memory::dims{s.M, s.K};
    const memory::dims wei_dims = variant.swapped ? memory::dims{s.N, s.K} : memory::dims{s.K, s.N};
    const memory::dims dst_dims = variant.swapped ? memory::dims{s.N, s.M} : memory::dims{s.M, s.N};
    const Tag act_tag = token != variant.swapped ? Tag::ab : Tag::ba;
    const memory::data_type type = variant.in_f32 ? kF32 : type_of(problem.dtype);
    if (variant.in_f32) {
      a_.resize(static_cast<size_t>(s.M * s.K));
      c_.resize(static_cast<size_t>(s.M * s.N));
    }
    const memory::desc act(act_dims, type, act_tag);
    const memory::desc dst(dst_dims, type, act_tag);
    const memory::desc plain(wei_dims, type, variant.swapped ? Tag::ba : Tag::ab);
    const memory::desc wanted(wei_dims, type,
                              variant.prepacked ? Tag::any : (variant.swapped ? Tag::ba : Tag::ab));
    const memory::desc bias_desc =
        bias.empty() ? memory::desc()
                     : memory::desc(variant.swapped ? memory::dims{s.N, 1} : memory::dims{1, s.N},
                                    kF32, Tag::ab);
    const memory::desc& source = variant.swapped ? wanted : act;
    const memory::desc& weights = variant.swapped ? act : wanted;
    const auto desc = bias.empty() ? dnnl::matmul::desc(source, weights, dst)
                                   : dnnl::matmul::desc(source, weights, bias_desc, dst);
    const dnnl::matmul::primitive_desc primitive(desc, attributes(problem.epilogue), engine());
    implementation_ = primitive.impl_info_str();
    scratchpad_ = make_memory(primitive.scratchpad_desc());
    activations_ = memory(act, engine(), nullptr);
    result_ = memory(dst, engine(), nullptr);
    const memory::desc packed = variant.swapped ? primitive.src_desc() : primitive.weights_desc();
    memory stored(plain, engine(), dense.data());
    if (packed == plain) {
      weights_ = stored;
    } else {
      weights_ = make_memory(packed);
      dnnl::reorder(stored, weights_).execute(stream_, stored, weights_);
      stream_.wait();
    }
    if (!bias.empty()) bias_ = memory(bias_desc, engine(), bias.data());
    matmul_ = dnnl::matmul(primitive);
  }

  void run(const void* A, void* C) {
    if (!variant_.in_f32) return multiply(A, C);
    to_f32(A, a_);
    if (adds_to_c_) to_f32(C, c_);
    multiply(a_.data(), c_.data());
    to_bf16(c_, C);
  }

  [[nodiscard]] std::string name() const { return variant_.name + " " + implementation_; }
  [[nodiscard]] bool in_f32() const { return variant_.in_f32; }
  [[nodiscard]] bool is_fallback() const { return implementation_.rfind("ref", 0) == 0; }
  [[nodiscard]] int64_t weight_bytes() const {
    return static_cast<int64_t>(weights_.get_desc().get_size());
  }

 private:
  void multiply(const void* A, void* C) {
    activations_.set_data_handle(const_cast<void*>(A));
    result_.set_data_handle(C);
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, variant_.swapped ? weights_ : activations_},
        {DNNL_ARG_WEIGHTS, variant_.swapped ? activations_ : weights_},
        {DNNL_ARG_DST, result_},
        {DNNL_ARG_SCRATCHPAD, scratchpad_}};
    if (bias_) arguments.emplace(DNNL_ARG_BIAS, *bias_);
    matmul_.execute(stream_, arguments);
    stream_.wait();
  }

  /// In memory like that of our own kernels.
  memory make_memory(const memory::desc& desc) {
    owned_.emplace_back(allocate_host(desc.get_size()));
    return {desc, engine(), owned_.back().get()};
  }

  Variant variant_;
  bool adds_to_c_;
  HostFloats a_, c_;  ///< if in f32
  std::string implementation_;
  dnnl::stream stream_{engine()};
  memory activations_, weights_, result_, scratchpad_;
  std::vector<HostMemory> owned_;
  std::optional<memory> bias_;
  dnnl::matmul matmul_;
};

std::vector<Variant> variants_for(DType dtype) {
  std::vector<Variant> variants{
      {"matmul prepacked", false, true},
      {"matmul plain", false, false},
      {"matmul swapped prepacked", true, true},
      {"matmul swapped plain", true, false},
  };
  if (dtype == DType::kBF16) {
    variants.push_back({"matmul in f32, prepacked", false, true, true});
    variants.push_back({"matmul in f32, swapped prepacked", true, true, true});
  }
  return variants;
}

/// [K, N] of `dtype`, in memory like that of our own kernels.
HostBytes unpack_as(DType dtype, const pack::PackedWeights& weights) {
  const DenseMatrix dense = pack::unpack(weights);
  const auto copy = [](const TypedBuffer& values) {
    return HostBytes(values.bytes().begin(), values.bytes().end());
  };
  if (dense.values.dtype() == dtype) return copy(dense.values);
  return copy(TypedBuffer::from_f32(dtype, dense.values.to_f32()));
}

double microseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

Error failed(const dnnl::error& error) {
  return {ErrorCode::kUnsupported, std::string("oneDNN: ") + error.what()};
}

class OneDnnPlan final : public Plan {
 public:
  explicit OneDnnPlan(const Problem& problem)
      : shape_(problem.shape()),
        dtype_(problem.dtype),
        dense_(unpack_as(problem.dtype, *problem.weights)),
        bias_(problem.epilogue.bias.begin(), problem.epilogue.bias.end()) {
    HostBytes as_f32;
    if (dtype_ == DType::kBF16) as_f32 = unpack_as(DType::kF32, *problem.weights);
    std::vector<std::unique_ptr<Formulation>> candidates;
    std::vector<std::unique_ptr<Formulation>> fallbacks;
    for (const Variant& variant : variants_for(dtype_)) {
      try {
        auto candidate = std::make_unique<Formulation>(problem, variant,
                                                       variant.in_f32 ? as_f32 : dense_, bias_);
        auto& list = candidate->is_fallback() ? fallbacks : candidates;
        list.push_back(std::move(candidate));
      } catch (const dnnl::error&) {
        // This way is not offered for the problem; another one is, or best_ stays empty.
      }
    }
    // oneDNN's last resort is a plain loop, thousands of times slower: timed only if all else
    // fails.
    if (!choose(candidates) && !choose(fallbacks)) {
      throw Error(ErrorCode::kUnsupported, "oneDNN offers no matmul for this problem");
    }
    if (best_->in_f32()) dense_ = std::move(as_f32);
  }

  void run(const void* A, void* C) override {
    try {
      best_->run(A, C);
    } catch (const dnnl::error& error) {
      throw failed(error);
    }
  }
  [[nodiscard]] std::string kernel_name() const override { return best_->name(); }
  [[nodiscard]] std::string isa() const override {
    return dtype_ == DType::kBF16 && !best_->in_f32() ? tvw::kernels::name(cpu_isa())
                                                      : f32_isa_name();
  }
  [[nodiscard]] int64_t weight_bytes() const override { return best_->weight_bytes(); }
  [[nodiscard]] double actual_flops() const override { return shape_.dense_flops(); }

 private:
  /// Interleaved, best of kTrials each after one warm-up, which some ways do not survive.
  /// False if none is left.
  bool choose(std::vector<std::unique_ptr<Formulation>>& candidates) {
    const TypedBuffer A(dtype_, shape_.M * shape_.K);
    TypedBuffer C(dtype_, shape_.M * shape_.N);
    const auto run = [&](Formulation& candidate) {
      candidate.run(A.bytes().data(), C.bytes().data());
    };
    std::erase_if(candidates, [&](const std::unique_ptr<Formulation>& candidate) {
      try {
        run(*candidate);
        return false;
      } catch (const dnnl::error&) {
        return true;  // accepted, but cannot be executed after all
      }
    });
    if (candidates.empty()) return false;
    std::vector<double> best(candidates.size(), std::numeric_limits<double>::infinity());
    for (int trial = 0; trial < kTrials; ++trial) {
      for (size_t i = 0; i < candidates.size(); ++i) {
        best[i] = std::min(best[i], microseconds([&] { run(*candidates[i]); }));
      }
    }
    const auto fastest = std::min_element(best.begin(), best.end()) - best.begin();
    best_ = std::move(candidates[static_cast<size_t>(fastest)]);
    return true;
  }

  GemmShape shape_;
  DType dtype_;
  HostBytes dense_;  ///< [K, N]; a formulation may read it in place
  std::vector<float> bias_;
  std::unique_ptr<Formulation> best_;
};

class OneDnnExecutor final : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "cpu.dense.onednn"; }
  [[nodiscard]] std::string_view format() const override { return "dense"; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCpu; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    if (!std::holds_alternative<DenseMatrix>(*problem.weights)) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not dense");
    }
    if (problem.dtype == DType::kF16) return Support::no("computes in f32 and bf16, asked for f16");
    if (problem.dtype == DType::kBF16 && pack::dtype(*problem.weights) != DType::kBF16) {
      return Support::no("weights would have to be rounded to bf16");
    }
    if (!problem.epilogue.bias.empty() && problem.layout == Layout::kFeatureMajor) {
      return Support::no("oneDNN has but a plain loop, seconds a run, for a bias in this layout");
    }
    if (problem.M < 1) return Support::no("M is " + std::to_string(problem.M));
    return Support::yes();
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    try {
      return std::make_unique<OneDnnPlan>(problem);
    } catch (const dnnl::error& error) {
      throw failed(error);
    }
  }
};

}  // namespace

const Executor& dense_onednn() {
  static const OneDnnExecutor executor;
  return executor;
}

}  // namespace tvw::kernels::cpu
