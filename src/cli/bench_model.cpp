#include "cli/bench_model.hpp"

#include <cmath>
#include <memory>
#include <utility>

#include "tvw/core/error.hpp"
#include "tvw/io/packed_model.hpp"

namespace tvw::cli {
namespace {

struct ZeroCount {
  int64_t zeros = 0;  ///< a kept weight of exactly zero counts as pruned
  int64_t all = 0;
  [[nodiscard]] double share() const {
    return all == 0 ? 0.0 : static_cast<double>(zeros) / static_cast<double>(all);
  }
};

ZeroCount count_zeros(const DenseMatrix& dense) {
  ZeroCount count;
  for (const float value : dense.values.to_f32()) count.zeros += value == 0.0f ? 1 : 0;
  count.all = dense.values.count();
  return count;
}

/// Of all packed weights together, in whole thousandths: rows of a report are grouped by it.
double model_sparsity(const std::vector<io::LoadedWeight>& weights) {
  ZeroCount total;
  for (const io::LoadedWeight& weight : weights) {
    const ZeroCount count = count_zeros(pack::unpack(weight.packed));
    total.zeros += count.zeros;
    total.all += count.all;
  }
  return std::round(1000.0 * total.share()) / 1000.0;
}

[[noreturn]] void nothing(const io::OnnxModel& model, const char* what) {
  throw Error(ErrorCode::kNothingToDo, model.path().string() + " has no " + what + " weight");
}

}  // namespace

std::vector<bench::BenchLayer> packed_layers(const io::OnnxModel& model) {
  const auto weights =
      std::make_shared<const std::vector<io::LoadedWeight>>(io::load_packed(model));
  if (weights->empty()) nothing(model, "packed");
  const double target = model_sparsity(*weights);
  std::vector<bench::BenchLayer> layers;
  for (size_t i = 0; i < weights->size(); ++i) {
    const io::LoadedWeight& weight = (*weights)[i];
    bench::BenchLayer layer;
    layer.name = weight.name;
    layer.K = pack::rows(weight.packed);
    layer.N = pack::cols(weight.packed);
    layer.load = [weights, i, target] {
      const io::LoadedWeight& loaded = (*weights)[i];
      bench::LayerWeights result;
      result.dense = pack::unpack(loaded.packed);
      bench::PackedVariant variant;
      variant.pattern = loaded.pattern;
      variant.weights = loaded.packed;
      variant.sparsity = count_zeros(result.dense).share();
      variant.target_sparsity = target;
      result.packed.push_back(std::move(variant));
      return result;
    };
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<bench::BenchLayer> dense_layers(io::OnnxModel model) {
  const auto loaded = std::make_shared<const io::OnnxModel>(std::move(model));
  std::vector<bench::BenchLayer> layers;
  for (size_t i = 0; i < loaded->weights().size(); ++i) {
    const io::WeightInfo& info = loaded->weights()[i];
    if (!info.prunable) continue;
    bench::BenchLayer layer;
    layer.name = info.name;
    layer.K = info.K;
    layer.N = info.N;
    layer.load = [loaded, i] { return bench::LayerWeights{loaded->read_weight(i), {}}; };
    layers.push_back(std::move(layer));
  }
  if (layers.empty()) nothing(*loaded, "prunable");
  return layers;
}

}  // namespace tvw::cli
