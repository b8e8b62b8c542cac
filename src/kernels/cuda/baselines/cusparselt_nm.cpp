// cuda.nm.cusparselt: 2:4 sparsity by NVIDIA's library, with its own search for an algorithm.
#include <memory>
#include <string>

#include "kernels/cuda/baselines/cusparselt_api.hpp"
#include "kernels/cuda/common/device_array.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/per_device.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/executors.hpp"
#include "tvw/core/error.hpp"

namespace tvw::kernels::cuda {
namespace {

using lt::Opaque;

constexpr uint32_t kAlignment = 16;
/// Rows and columns of a dense matrix, and of a structured one, are multiples of these.
constexpr int64_t kPiece = 8;
constexpr int64_t kSparsePiece = 16;

void check_lt(int status, const char* call) { check_status(status, "cuSPARSELt", call); }
#define TVW_CUSPARSELT(function, ...) check_lt(lt::api().function(__VA_ARGS__), #function)

const Opaque* handle() {
  return per_device([] {
           auto created = std::make_unique<Opaque>();  // stays where it is
           TVW_CUSPARSELT(init, created.get());
           return created;
         })
      .get();
}

/// An object of the library; destroyed if it was made.
template <int (*lt::Api::*kDestroy)(const Opaque*)>
class Owned {
 public:
  Owned() = default;
  ~Owned() {
    if (made_) (void)(lt::api().*kDestroy)(&opaque_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  /// `init(Opaque*)` makes it or throws.
  template <class Init>
  void make(Init init) {
    init(&opaque_);
    made_ = true;
  }
  [[nodiscard]] Opaque* get() { return &opaque_; }

 private:
  Opaque opaque_{};
  bool made_ = false;
};

class NmPlan final : public Plan {
 public:
  explicit NmPlan(const Problem& problem) : shape_(problem.shape()) {
    const auto& nm = std::get<pack::NmMatrix>(*problem.weights);
    stored_values_ = static_cast<double>(nm.values.count());
    const auto [M, N, K] = shape_;
    const bool feature = problem.layout == Layout::kFeatureMajor;
    const cudaDataType type = problem.dtype == DType::kF16 ? CUDA_R_16F : CUDA_R_16BF;
    const int order = feature ? lt::kOrderRow : lt::kOrderColumn;
    // C^T [N, M] = B^T [N, K] A^T [K, M]; token-major matrices are column-major here.
    weights_.make([&](Opaque* made) {
      TVW_CUSPARSELT(structured_init, handle(), made, N, K, K, kAlignment, type, lt::kOrderRow,
                     lt::kSparsity50);
    });
    activations_.make([&](Opaque* made) {
      TVW_CUSPARSELT(dense_init, handle(), made, K, M, feature ? M : K, kAlignment, type, order);
    });
    result_.make([&](Opaque* made) {
      TVW_CUSPARSELT(dense_init, handle(), made, N, M, feature ? M : N, kAlignment, type, order);
    });
    TVW_CUSPARSELT(matmul_init, handle(), &matmul_, lt::kNonTranspose, lt::kNonTranspose,
                   weights_.get(), activations_.get(), result_.get(), result_.get(),
                   lt::kCompute32F);
    TVW_CUSPARSELT(selection_init, handle(), &selection_, &matmul_, lt::kAlgorithmDefault);
    plan_.make(
        [&](Opaque* made) { TVW_CUSPARSELT(plan_init, handle(), made, &matmul_, &selection_); });
    compress(nm);
    search(problem.dtype == DType::kBF16);
  }

  void run(const void* A, void* C) override {
    const float one = 1.0f, zero = 0.0f;
    TVW_CUSPARSELT(multiply, handle(), plan_.get(), &one, compressed_.data(), A, &zero, C, C,
                   workspace_.data(), nullptr, 0);
  }
  [[nodiscard]] std::string kernel_name() const override { return "cusparseLtMatmul, searched"; }
  [[nodiscard]] std::string isa() const override { return "cuSPARSELt"; }
  [[nodiscard]] int64_t weight_bytes() const override { return compressed_.count(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * stored_values_ * static_cast<double>(shape_.M);
  }

 private:
  void compress(const pack::NmMatrix& nm) {
    const DenseMatrix dense = pack::unpack(nm);
    const DeviceArray<uint16_t> by_row(
        std::span(dense.values.words<uint16_t>(), static_cast<size_t>(dense.values.count())));
    DeviceArray<uint16_t> by_column(by_row.count());
    launch_transpose(by_row.data(), shape_.N, by_column.data(), shape_.K, shape_.K, shape_.N);
    size_t bytes = 0, buffer_bytes = 0;
    TVW_CUSPARSELT(compressed_size, handle(), plan_.get(), &bytes, &buffer_bytes);
    compressed_ = DeviceArray<uint8_t>(static_cast<int64_t>(bytes));
    DeviceArray<uint8_t> buffer(static_cast<int64_t>(buffer_bytes) + 16);
    TVW_CUSPARSELT(compress, handle(), plan_.get(), by_column.data(), compressed_.data(),
                   buffer.data(), nullptr);
    TVW_CUDA(cudaDeviceSynchronize());
  }

  void search(bool bf16) {
    DeviceArray<uint16_t> A(shape_.M * shape_.K), C(shape_.M * shape_.N);
    launch_fill(A.data(), A.count(), bf16, 1);
    DeviceArray<uint8_t> ample(kSearchWorkspace);
    const float one = 1.0f, zero = 0.0f;
    TVW_CUSPARSELT(search, handle(), plan_.get(), &one, compressed_.data(), A.data(), &zero,
                   C.data(), C.data(), ample.data(), nullptr, 0);
    size_t bytes = 0;
    TVW_CUSPARSELT(workspace, handle(), plan_.get(), &bytes);
    workspace_ = DeviceArray<uint8_t>(static_cast<int64_t>(bytes) + 16);
  }

  static constexpr int64_t kSearchWorkspace = int64_t{256} << 20;

  GemmShape shape_;
  double stored_values_ = 0.0;
  // Destroyed in reverse: the plan before what it is made of.
  Owned<&lt::Api::matrix_destroy> weights_, activations_, result_;
  Opaque matmul_{}, selection_{};  // hold nothing
  Owned<&lt::Api::plan_destroy> plan_;
  DeviceArray<uint8_t> compressed_, workspace_;
};

class NmExecutor final : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "cuda.nm.cusparselt"; }
  [[nodiscard]] std::string_view format() const override { return "nm"; }
  [[nodiscard]] DeviceKind device() const override { return DeviceKind::kCuda; }
  [[nodiscard]] Support supports(const Problem& problem) const override {
    const auto* nm = std::get_if<pack::NmMatrix>(problem.weights);
    if (nm == nullptr) {
      return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                         ", not nm");
    }
    if (nm->nm != NmRatio{2, 4}) return Support::no("cuSPARSELt knows 2:4 only");
    if (nm->K % kSparsePiece != 0 || nm->N % kSparsePiece != 0 || problem.M % kPiece != 0) {
      return Support::no("cuSPARSELt wants N and K to be multiples of 16 and M of 8");
    }
    if (const Support baseline = supports_baseline(problem); !baseline) return baseline;
    return lt::api().missing.empty() ? Support::yes() : Support::no(lt::api().missing);
  }
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Problem& problem,
                                              Device& /*device*/) const override {
    return std::make_unique<NmPlan>(problem);
  }
};

}  // namespace

const Executor& nm_cusparselt() {
  static const NmExecutor executor;
  return executor;
}

}  // namespace tvw::kernels::cuda
