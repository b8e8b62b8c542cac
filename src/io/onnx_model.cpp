#include "tvw/io/onnx_model.hpp"

#include <algorithm>

#include "io/find_tensor.hpp"
#include "io/model_state.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

constexpr int64_t kBlock = 32;  ///< edge of the squares that a transposition works in

/// to[k, n] = from[n, k], in squares so that both sides stay in the cache.
template <class Word>
void transpose(const Word* from, Word* to, int64_t K, int64_t N) {
  for (int64_t k0 = 0; k0 < K; k0 += kBlock) {
    for (int64_t n0 = 0; n0 < N; n0 += kBlock) {
      for (int64_t k = k0; k < std::min(k0 + kBlock, K); ++k) {
        for (int64_t n = n0; n < std::min(n0 + kBlock, N); ++n) to[k * N + n] = from[n * K + k];
      }
    }
  }
}

}  // namespace

OnnxModel::OnnxModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
OnnxModel::OnnxModel(OnnxModel&&) noexcept = default;
OnnxModel& OnnxModel::operator=(OnnxModel&&) noexcept = default;
OnnxModel::~OnnxModel() = default;

const std::filesystem::path& OnnxModel::path() const { return state_->path; }
const std::vector<WeightInfo>& OnnxModel::weights() const { return state_->weights; }
const std::vector<std::string>& OnnxModel::warnings() const { return state_->warnings; }

int64_t OnnxModel::initializer_elements() const {
  int64_t count = 0;
  for (const onnx::TensorProto* tensor : stored_tensors(state_->proto.graph())) {
    count += element_count(*tensor);
  }
  return count;
}

int64_t OnnxModel::initializer_bytes() const {
  int64_t bytes = 0;
  for (const onnx::TensorProto* tensor : stored_tensors(state_->proto.graph())) {
    bytes += data_bytes(*tensor);
  }
  return bytes;
}

DenseMatrix OnnxModel::read_weight(size_t i) const {
  const WeightInfo& info = state_->weights.at(i);
  const onnx::TensorProto& tensor = *find_tensor(state_->proto, info.name);
  TypedBuffer stored = read_elements(tensor, state_->path.parent_path());
  if (!info.transposed) return {info.K, info.N, std::move(stored)};
  DenseMatrix turned{info.K, info.N, TypedBuffer(stored.dtype(), stored.count())};
  if (size_bytes(stored.dtype()) == 4) {
    transpose(stored.words<uint32_t>(), turned.values.words<uint32_t>(), info.K, info.N);
  } else {
    transpose(stored.words<uint16_t>(), turned.values.words<uint16_t>(), info.K, info.N);
  }
  return turned;
}

}  // namespace tvw::io
