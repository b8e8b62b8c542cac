#include "io/graph_edit.hpp"

#include <map>

#include "io/decode.hpp"
#include "io/graph_scope.hpp"
#include "io/unique_name.hpp"

namespace tvw::io {
namespace {

/// Removes the elements of a repeated field that `matches` picks; the others keep their order and,
/// as protobuf moves pointers, their place in memory.
template <class List, class Matches>
void remove_if(List& list, const Matches& matches) {
  int kept = 0;
  for (int i = 0; i < list.size(); ++i) {
    if (matches(list.Get(i))) continue;
    if (kept != i) list.SwapElements(kept, i);
    ++kept;
  }
  list.DeleteSubrange(kept, list.size() - kept);
}

}  // namespace

ValueNames::ValueNames(const onnx::ModelProto& model) { add_graph(model.graph()); }

void ValueNames::add_graph(const onnx::GraphProto& graph) {
  for (const auto& tensor : graph.initializer()) names_.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) names_.insert(tensor.values().name());
  for (const auto& input : graph.input()) names_.insert(input.name());
  for (const auto& node : graph.node()) {
    names_.insert(node.name());
    for (const auto& output : node.output()) names_.insert(output);
    for (const onnx::GraphProto* nested : subgraphs(node)) add_graph(*nested);
  }
}

std::string ValueNames::unique(const std::string& wanted) { return unique_name(names_, wanted); }

void remove_constant(onnx::ModelProto& model, const std::string& name) {
  onnx::GraphProto& graph = *model.mutable_graph();
  remove_if(*graph.mutable_initializer(), [&](const auto& t) { return t.name() == name; });
  remove_if(*graph.mutable_input(), [&](const auto& input) { return input.name() == name; });
  remove_if(*graph.mutable_node(), [&](const auto& node) {
    return constant_tensor(node) != nullptr && node.output_size() == 1 && node.output(0) == name;
  });
}

void prepend_nodes(onnx::GraphProto& graph, std::vector<onnx::NodeProto> nodes) {
  google::protobuf::RepeatedPtrField<onnx::NodeProto> own;
  own.Swap(graph.mutable_node());
  graph.mutable_node()->Reserve(own.size() + static_cast<int>(nodes.size()));
  for (onnx::NodeProto& node : nodes) graph.add_node()->Swap(&node);
  for (onnx::NodeProto& node : own) graph.add_node()->Swap(&node);
}

void inline_nodes(const onnx::FunctionProto& function, const std::vector<std::string>& inputs,
                  const std::string& output, ValueNames& names,
                  std::vector<onnx::NodeProto>& nodes) {
  const std::string prefix = std::string(kDecodeDomain) + "/" + output + "/";
  std::map<std::string, std::string> bound;
  for (int i = 0; i < function.input_size(); ++i) {
    bound[function.input(i)] = inputs[static_cast<size_t>(i)];
  }
  bound[function.output(0)] = output;
  const auto rename = [&](std::string& value) {
    const auto found = bound.find(value);
    value = found != bound.end() ? found->second : bound[value] = names.unique(prefix + value);
  };
  for (onnx::NodeProto node : function.node()) {
    for (std::string& value : *node.mutable_input()) rename(value);
    for (std::string& value : *node.mutable_output()) rename(value);
    node.set_name(names.unique(prefix + node.op_type()));
    nodes.push_back(std::move(node));
  }
}

}  // namespace tvw::io
