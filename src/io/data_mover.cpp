#include "io/data_mover.hpp"

#include <memory>

#include "io/external_data.hpp"
#include "io/tensor.hpp"
#include "io/unique_name.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

constexpr const char* kUnnamed = "tensor";

}  // namespace

std::string DataMover::add(const std::string& name, const std::string& dtype,
                           std::vector<int64_t> shape, std::span<const std::byte> bytes,
                           onnx::TensorProto* proto) {
  const std::string key = unique_name(names_, name.empty() ? kUnnamed : name);
  known_.insert(proto);
  protos_[key] = proto;
  tensors_.push_back(
      {key, dtype, std::move(shape), [bytes](const ByteSink& sink) { sink(bytes); }});
  return key;
}

void DataMover::add_existing(onnx::TensorProto& tensor, bool large_inline_too) {
  if (known_.contains(&tensor)) return;
  const bool external = is_external(tensor);
  const int64_t size = data_bytes(tensor);
  const bool large = large_inline_too && size >= kMoveBytes &&
                     static_cast<int64_t>(inline_bytes(tensor).size()) == size;
  if (!external && !large) return;
  std::string dtype = safetensors_type(tensor.data_type());
  std::vector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  if (dtype.empty()) {  // 4-bit and 8-bit floats and the like: bytes are bytes
    dtype = "U8";
    shape = {size};
  }
  const std::string key = unique_name(names_, tensor.name().empty() ? kUnnamed : tensor.name());
  known_.insert(&tensor);
  protos_[key] = &tensor;
  if (external) {
    const ExternalData data = locate(tensor, folder_, size);
    tensors_.push_back({key, dtype, std::move(shape),
                        [data](const ByteSink& sink) { read_external(data, sink); }});
  } else {
    const onnx::TensorProto* source = &tensor;
    tensors_.push_back({key, dtype, std::move(shape),
                        [source](const ByteSink& sink) { sink(inline_bytes(*source)); }});
  }
}

void DataMover::add_graph(onnx::GraphProto& graph, bool large_inline_too) {
  for (auto& tensor : *graph.mutable_initializer()) add_existing(tensor, large_inline_too);
  add_nodes(*graph.mutable_node(), large_inline_too);
}

void DataMover::add_nodes(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                          bool large_inline_too) {
  for (auto& node : nodes) {
    for (auto& attribute : *node.mutable_attribute()) {
      // Runtimes expect external data of initializers; a Constant's stays as it is.
      if (attribute.has_t()) add_existing(*attribute.mutable_t(), false);
      if (attribute.has_g()) add_graph(*attribute.mutable_g(), large_inline_too);
      for (auto& nested : *attribute.mutable_graphs()) add_graph(nested, large_inline_too);
    }
  }
}

void DataMover::add_all(onnx::ModelProto& model, bool large_inline_too) {
  add_graph(*model.mutable_graph(), large_inline_too);
  for (auto& function : *model.mutable_functions()) {
    add_nodes(*function.mutable_node(), large_inline_too);
  }
}

void DataMover::write(AtomicFile& file, const std::string& location,
                      const std::map<std::string, std::string>& metadata) {
  const SafetensorsLayout layout(std::move(tensors_), metadata);
  layout.write([&file](std::span<const std::byte> bytes) { file.write(bytes); });
  file.finish();
  for (const SafetensorsEntry& entry : layout.entries()) {
    set_external(*protos_.at(entry.name), location, entry.offset, entry.size_bytes);
  }
}

}  // namespace tvw::io
