#include "io/graph_scope.hpp"

namespace tvw::io {
namespace {

/// Names read anywhere in `graph`, also in graphs nested in it.
void collect_reads(const onnx::GraphProto& graph, std::unordered_set<std::string>& names) {
  for (const auto& node : graph.node()) {
    for (const auto& input : node.input()) names.insert(input);
    for (const onnx::GraphProto* nested : subgraphs(node)) collect_reads(*nested, names);
  }
  for (const auto& output : graph.output()) names.insert(output.name());
}

}  // namespace

const onnx::AttributeProto* attribute(const onnx::NodeProto& node, std::string_view name) {
  for (const auto& candidate : node.attribute()) {
    if (candidate.name() == name) return &candidate;
  }
  return nullptr;
}

int64_t int_attribute(const onnx::NodeProto& node, std::string_view name, int64_t otherwise) {
  const auto* found = attribute(node, name);
  return found != nullptr ? found->i() : otherwise;
}

bool is_standard(const onnx::NodeProto& node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
}

std::string display_name(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return node.output_size() > 0 ? node.output(0) : std::string();
}

const onnx::TensorProto* constant_tensor(const onnx::NodeProto& node) {
  if (node.op_type() != "Constant" || !is_standard(node)) return nullptr;
  const auto* value = attribute(node, "value");
  return value != nullptr && value->has_t() ? &value->t() : nullptr;
}

std::vector<const onnx::GraphProto*> subgraphs(const onnx::NodeProto& node) {
  std::vector<const onnx::GraphProto*> graphs;
  for (const auto& candidate : node.attribute()) {
    if (candidate.has_g()) graphs.push_back(&candidate.g());
    for (const auto& graph : candidate.graphs()) graphs.push_back(&graph);
  }
  return graphs;
}

GraphScope::GraphScope(const onnx::GraphProto& graph, const GraphScope* outer) : outer_(outer) {
  for (const auto& tensor : graph.initializer()) constants_[tensor.name()] = &tensor;
  for (const auto& node : graph.node()) add_node(node);
  for (const auto& output : graph.output()) outputs_.insert(output.name());
}

GraphScope::GraphScope(const onnx::FunctionProto& function) {
  for (const auto& node : function.node()) add_node(node);
  for (const auto& output : function.output()) outputs_.insert(output);
}

void GraphScope::add_node(const onnx::NodeProto& node) {
  nodes_.push_back(&node);
  for (const auto& output : node.output()) producers_[output] = &node;
  for (int i = 0; i < node.input_size(); ++i) uses_[node.input(i)].push_back({&node, i});
  if (const auto* tensor = constant_tensor(node); tensor != nullptr && node.output_size() == 1) {
    constants_[node.output(0)] = tensor;
  }
  for (const onnx::GraphProto* nested : subgraphs(node)) collect_reads(*nested, subgraph_inputs_);
}

const onnx::TensorProto* GraphScope::constant(const std::string& value) const {
  const auto found = constants_.find(value);
  if (found != constants_.end()) return found->second;
  if (producers_.contains(value) || outer_ == nullptr) return nullptr;
  return outer_->constant(value);
}

const onnx::NodeProto* GraphScope::producer(const std::string& value) const {
  const auto found = producers_.find(value);
  return found != producers_.end() ? found->second : nullptr;
}

const std::vector<GraphScope::Use>& GraphScope::uses(const std::string& value) const {
  static const std::vector<Use> kNone;
  const auto found = uses_.find(value);
  return found != uses_.end() ? found->second : kNone;
}

}  // namespace tvw::io
