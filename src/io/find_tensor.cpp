#include "io/find_tensor.hpp"

#include <utility>

#include "io/graph_scope.hpp"

namespace tvw::io {
namespace {

/// Of the attributes of nodes, and of graphs nested in them. `Owner`: a graph or a function.
template <class Owner>
void add_node_tensors(const Owner& owner, std::vector<const onnx::TensorProto*>& tensors) {
  for (const auto& node : owner.node()) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_t()) tensors.push_back(&attribute.t());
      for (const auto& tensor : attribute.tensors()) tensors.push_back(&tensor);
    }
    for (const onnx::GraphProto* nested : subgraphs(node)) {
      for (const auto& tensor : nested->initializer()) tensors.push_back(&tensor);
      add_node_tensors(*nested, tensors);
    }
  }
}

}  // namespace

std::vector<const onnx::TensorProto*> all_tensors(const onnx::ModelProto& model) {
  std::vector<const onnx::TensorProto*> tensors;
  for (const auto& tensor : model.graph().initializer()) tensors.push_back(&tensor);
  add_node_tensors(model.graph(), tensors);
  for (const auto& function : model.functions()) add_node_tensors(function, tensors);
  return tensors;
}

std::vector<const onnx::TensorProto*> stored_tensors(const onnx::GraphProto& graph) {
  std::vector<const onnx::TensorProto*> tensors;
  for (const auto& tensor : graph.initializer()) tensors.push_back(&tensor);
  for (const auto& node : graph.node()) {
    if (const auto* tensor = constant_tensor(node)) tensors.push_back(tensor);
  }
  return tensors;
}

const onnx::TensorProto* find_tensor(const onnx::ModelProto& model, const std::string& name) {
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.name() == name) return &tensor;
  }
  for (const auto& node : model.graph().node()) {
    const auto* tensor = constant_tensor(node);
    if (tensor != nullptr && node.output_size() == 1 && node.output(0) == name) return tensor;
  }
  return nullptr;
}

onnx::TensorProto* find_tensor(onnx::ModelProto& model, const std::string& name) {
  return const_cast<onnx::TensorProto*>(find_tensor(std::as_const(model), name));
}

}  // namespace tvw::io
