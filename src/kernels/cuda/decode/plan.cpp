#include "kernels/cuda/decode/plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/common/device_info.hpp"
#include "kernels/cuda/common/device_kernels.hpp"
#include "kernels/cuda/common/launch.hpp"
#include "kernels/cuda/common/measure.hpp"
#include "kernels/cuda/common/support.hpp"
#include "kernels/cuda/decode/decode_gemm.hpp"
#include "kernels/cuda/weights/device_weights.hpp"
#include "tvw/core/parts.hpp"
#include "tvw/kernels/tuning.hpp"

namespace tvw::kernels::cuda::decode {
namespace {

struct Candidate {
  Variant variant;
  std::shared_ptr<DeviceWeights> weights;
  int splits = 1;
  bool through_registers = false;
  int staged_bytes = 0;  ///< of x

  [[nodiscard]] std::string name() const {
    const char* rows = staged_bytes > 0    ? ", x staged"
                       : through_registers ? ", x through registers"
                                           : "";
    return std::string(variant.name) + ", rows split in " + std::to_string(splits) + rows;
  }
  [[nodiscard]] int64_t ctas() const {
    return weights->tiles * (weights->features / kFragmentFeatures / variant.feature_blocks) *
           splits;
  }
  void launch(Params params) const {
    params.first_step = weights->first_step.data();
    params.rows = weights->rows.data();
    params.columns = weights->columns.data();
    params.weights = weights->bytes.data();
    params.blocks_per_tile = static_cast<int>(weights->features / kFragmentFeatures);
    params.splits = splits;
    params.through_registers = through_registers;
    params.staged_bytes = staged_bytes;
    void* arguments[] = {&params};
    cuda::launch(variant.kernel, ctas(), variant.threads, variant.shared_bytes, arguments, splits);
  }
};

/// All that this device can run.
std::vector<Variant> variants(bool sparse, DType dtype) {
  const auto mma = mma_variants(sparse, dtype), wgmma = wgmma_variants(sparse, dtype);
  std::vector<Variant> all(mma.begin(), mma.end());
  if (current_device().major == 9) all.insert(all.end(), wgmma.begin(), wgmma.end());
  return all;
}

/// Columns that tiles of the pattern have; N:M has no tiles and takes what is asked for.
int64_t granularity(const pack::PackedWeights& weights) {
  const int64_t N = pack::cols(weights);
  if (const auto* tw = std::get_if<pack::TwMatrix>(&weights)) return std::min(tw->granularity, N);
  if (const auto* tvw = std::get_if<pack::TvwMatrix>(&weights)) {
    return std::min(tvw->granularity, N);
  }
  return 1;
}

/// Bytes of a row of M 16-bit tokens that can be copied at a time.
int largest_piece(int64_t M) {
  int bytes = 2;
  while (bytes < 16 && M * 2 % (2 * bytes) == 0) bytes *= 2;
  return bytes;
}

class DecodePlan final : public Plan {
 public:
  DecodePlan(const Problem& problem, bool sparse) : shape_(problem.shape()), sparse_(sparse) {
    if (!problem.epilogue.bias.empty()) {
      bias_ = std::make_shared<DeviceArray<float>>(problem.epilogue.bias);
      params_.bias = bias_->data();
    }
    const bool feature = problem.layout == Layout::kFeatureMajor;
    params_.M = static_cast<int>(shape_.M);
    params_.x_row = feature ? shape_.M : 1;
    params_.x_token = feature ? 1 : shape_.K;
    params_.y_row = feature ? shape_.M : 1;
    params_.y_token = feature ? 1 : shape_.N;
    params_.piece_bytes = feature ? largest_piece(shape_.M) : 2;
    params_.activation = static_cast<int>(problem.epilogue.activation);
    choose(problem);
  }

  /// The same on a copy of the weights.
  DecodePlan(const DecodePlan& other)
      : Plan(),
        shape_(other.shape_),
        sparse_(other.sparse_),
        bias_(other.bias_),
        params_(other.params_),
        best_(other.best_),
        products_(other.products_) {
    best_.weights = std::make_shared<DeviceWeights>(*other.best_.weights);
  }
  DecodePlan& operator=(const DecodePlan&) = delete;
  ~DecodePlan() override = default;

  [[nodiscard]] std::unique_ptr<Plan> duplicate() const override {
    return std::make_unique<DecodePlan>(*this);
  }
  void run(const void* A, void* C) override {
    Params params = params_;
    params.x = static_cast<const uint16_t*>(A);
    params.y = static_cast<uint16_t*>(C);
    best_.launch(params);
  }
  [[nodiscard]] std::string kernel_name() const override {
    return "decode_gemm " + best_.name() + ", dependent launch";
  }
  [[nodiscard]] std::string isa() const override {
    return std::string(best_.variant.wgmma ? "wgmma" : "mma") + (sparse_ ? ".sp" : "");
  }
  [[nodiscard]] int64_t weight_bytes() const override { return best_.weights->size_bytes(); }
  [[nodiscard]] double actual_flops() const override {
    return 2.0 * products_ * static_cast<double>(shape_.M);
  }

 private:
  using Order = std::pair<bool, int64_t>;  ///< stage order, features of a tile
  /// Weights of one order, as many times as exceed the L2.
  using Copies = std::vector<std::shared_ptr<DeviceWeights>>;

  /// Keeps what problem.tuning knows, else the fastest: times variants x splits back to back over
  /// copies of the weights.
  void choose(const Problem& problem) {
    const int token_blocks = static_cast<int>((shape_.M + 7) / 8);
    int enough = 1;
    while (enough < token_blocks) enough *= 2;
    std::map<Order, Copies> orders;
    std::vector<Candidate> candidates;
    // No more shares than run at the same time, two CTAs on an SM: beyond that nothing was faster.
    const int64_t most_ctas = 2 * int64_t{used_multiprocessors()};
    for (const Variant& variant : variants(sparse_, problem.dtype)) {
      if (variant.token_blocks != enough) continue;
      const int64_t step = variant.feature_blocks * kFragmentFeatures;
      const int64_t features = round_up(granularity(*problem.weights), step);
      Copies& copies = orders[{variant.wgmma, features}];
      if (copies.empty()) copies = make_copies(problem, features, variant.wgmma);
      TVW_CUDA(cudaFuncSetAttribute(variant.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    variant.shared_bytes));
      for (int splits = 1; splits <= kMostSplits; ++splits) {
        Candidate candidate{variant, copies.front(), splits};
        if (splits > 1 && candidate.ctas() > most_ctas) break;
        if (shape_.M > 1) candidates.push_back(candidate);  // one token's: only through registers
        if (params_.piece_bytes != 2 * shape_.M) continue;  // rows are not one piece
        candidate.through_registers = true;
        candidates.push_back(candidate);
        const int64_t x_bytes = 2 * shape_.K;
        if (shape_.M == 1 && x_bytes % 16 == 0 && x_bytes <= variant.most_staged_bytes) {
          candidate.staged_bytes = static_cast<int>(x_bytes);
          candidates.push_back(candidate);
        }
      }
    }
    std::vector<std::string> ways;
    for (const Candidate& candidate : candidates) ways.push_back(candidate.name());
    const auto measure = [&] {
      DeviceArray<uint16_t> x(shape_.K * shape_.M), y(shape_.N * shape_.M);
      launch_fill(x.data(), x.count(), problem.dtype == DType::kBF16, 1);
      Params params = params_;
      params.x = x.data();
      params.y = y.data();
      return fastest_of(candidates.size(), [&](size_t i) {
        Candidate candidate = candidates[i];
        for (const auto& copy : orders[{candidate.variant.wgmma, candidate.weights->features}]) {
          candidate.weights = copy;
          candidate.launch(params);
        }
      });
    };
    const size_t best = chosen_way(ways.size(), [&] {
      return choose_way(std::string("decode_gemm ") + (sparse_ ? "sparse" : "dense"), problem, ways,
                        measure);
    });
    best_ = candidates[best];
  }

  Copies make_copies(const Problem& problem, int64_t features, bool stage_order) {
    const TensorCoreTiles tiles =
        make_tensor_core_tiles(*problem.weights, features, step_rows(sparse_));
    products_ = tiles.products;
    Copies copies{stage_order
                      ? std::make_shared<DeviceWeights>(to_stage_order(tiles, kStepInstructions))
                      : std::make_shared<DeviceWeights>(to_fragment_order(tiles))};
    const int64_t bytes = std::max<int64_t>(1, copies.front()->size_bytes());
    const int64_t count = std::min(kMostCopies, 2 * current_device().l2_bytes / bytes + 2);
    while (static_cast<int64_t>(copies.size()) < count) {
      copies.push_back(std::make_shared<DeviceWeights>(*copies.front()));
    }
    return copies;
  }

  static constexpr int64_t kMostCopies = 48;

  GemmShape shape_;
  bool sparse_;
  std::shared_ptr<DeviceArray<float>> bias_;
  Params params_;
  Candidate best_;
  double products_ = 0.0;
};

}  // namespace

std::unique_ptr<Plan> make_plan(const Problem& problem, bool sparse) {
  return std::make_unique<DecodePlan>(problem, sparse);
}

}  // namespace tvw::kernels::cuda::decode
