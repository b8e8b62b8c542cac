#include "tvw/io/onnx_model.hpp"

#include "io/find_tensor.hpp"
#include "io/model_state.hpp"
#include "io/stored_order.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
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
  return from_stored(read_elements(tensor, state_->path.parent_path()), info.K, info.N,
                     info.transposed);
}

}  // namespace tvw::io
