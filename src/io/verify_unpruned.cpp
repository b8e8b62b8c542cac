#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/external_data.hpp"
#include "io/model_state.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/packed_model.hpp"

namespace tvw::io {
namespace {

/// Its data, wherever it is; empty where only typed fields hold it.
std::vector<std::byte> bytes_of(const onnx::TensorProto& tensor, const OnnxModel& model) {
  std::vector<std::byte> bytes;
  const auto append = [&](std::span<const std::byte> piece) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  };
  if (is_external(tensor)) {
    read_external(locate(tensor, model.path().parent_path(), data_bytes(tensor)), append);
  } else {
    append(inline_bytes(tensor));
  }
  return bytes;
}

bool same_data(const onnx::TensorProto& a, const OnnxModel& of_a, const onnx::TensorProto& b,
               const OnnxModel& of_b) {
  if (!is_external(a) && !is_external(b)) return a.SerializeAsString() == b.SerializeAsString();
  return bytes_of(a, of_a) == bytes_of(b, of_b);
}

}  // namespace

size_t verify_unpruned(const OnnxModel& packed, const OnnxModel& source) {
  std::map<std::string, const onnx::TensorProto*> own;
  for (const auto& tensor : packed.state().proto.graph().initializer())
    own[tensor.name()] = &tensor;
  size_t compared = 0;
  for (const auto& tensor : source.state().proto.graph().initializer()) {
    const auto found = own.find(tensor.name());
    if (found == own.end()) continue;
    const onnx::TensorProto& other = *found->second;
    if (other.data_type() != tensor.data_type() ||
        !std::ranges::equal(other.dims(), tensor.dims()) ||
        !same_data(other, packed, tensor, source)) {
      throw Error(ErrorCode::kVerificationFailed, "tensor '" + tensor.name() +
                                                      "', which is not pruned, is not that of " +
                                                      source.path().string());
    }
    ++compared;
  }
  return compared;
}

}  // namespace tvw::io
