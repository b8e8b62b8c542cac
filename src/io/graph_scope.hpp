/// @file Who makes and who reads each value of a graph, with the graphs around it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/proto.hpp"

namespace tvw::io {

/// One graph or function body. Does not own the nodes; they must stay where they are.
class GraphScope {
 public:
  struct Use {
    const onnx::NodeProto* node = nullptr;
    int input = 0;
  };

  GraphScope(const onnx::GraphProto& graph, const GraphScope* outer);
  explicit GraphScope(const onnx::FunctionProto& function);

  /// Initializer or tensor of a Constant node, here or in an outer graph; null if it is neither.
  [[nodiscard]] const onnx::TensorProto* constant(const std::string& value) const;
  /// Node of this graph that makes `value`; null for inputs, initializers and outer values.
  [[nodiscard]] const onnx::NodeProto* producer(const std::string& value) const;
  [[nodiscard]] const std::vector<Use>& uses(const std::string& value) const;
  [[nodiscard]] bool is_output(const std::string& value) const { return outputs_.contains(value); }
  /// True if a subgraph of a node here reads `value`.
  [[nodiscard]] bool used_in_subgraph(const std::string& value) const {
    return subgraph_inputs_.contains(value);
  }
  [[nodiscard]] const std::vector<const onnx::NodeProto*>& nodes() const { return nodes_; }

 private:
  void add_node(const onnx::NodeProto& node);

  const GraphScope* outer_ = nullptr;
  std::vector<const onnx::NodeProto*> nodes_;
  std::unordered_map<std::string, const onnx::TensorProto*> constants_;
  std::unordered_map<std::string, const onnx::NodeProto*> producers_;
  std::unordered_map<std::string, std::vector<Use>> uses_;
  std::unordered_set<std::string> outputs_;
  std::unordered_set<std::string> subgraph_inputs_;
};

/// The tensor of a Constant node's `value`, or null.
[[nodiscard]] const onnx::TensorProto* constant_tensor(const onnx::NodeProto& node);
[[nodiscard]] const onnx::AttributeProto* attribute(const onnx::NodeProto& node,
                                                    std::string_view name);
[[nodiscard]] int64_t int_attribute(const onnx::NodeProto& node, std::string_view name,
                                    int64_t otherwise);
[[nodiscard]] bool is_standard(const onnx::NodeProto& node);  ///< default domain
/// The node's name, or its first output where it has none.
[[nodiscard]] std::string display_name(const onnx::NodeProto& node);
/// Graphs nested in the node's attributes.
[[nodiscard]] std::vector<const onnx::GraphProto*> subgraphs(const onnx::NodeProto& node);

}  // namespace tvw::io
