/// @file Small edits of an ONNX graph.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "io/proto.hpp"

namespace tvw::io {

/// All value and node names of a model's main graph and what is nested in it.
class ValueNames {
 public:
  explicit ValueNames(const onnx::ModelProto& model);
  /// `wanted`, or with a number behind it if it is taken; taken from now on.
  [[nodiscard]] std::string unique(const std::string& wanted);

 private:
  void add_graph(const onnx::GraphProto& graph);
  std::set<std::string> names_;
};

/// Removes the initializer (also as a graph input) or the Constant node that gives `name`.
void remove_constant(onnx::ModelProto& model, const std::string& name);

/// Puts `nodes` before the graph's own, which may read their outputs.
void prepend_nodes(onnx::GraphProto& graph, std::vector<onnx::NodeProto> nodes);

/// Copies the body of `function` into `nodes`, inputs and output bound to these names. Nodes and
/// inner values are called "org.tvw/<output>/...".
void inline_nodes(const onnx::FunctionProto& function, const std::vector<std::string>& inputs,
                  const std::string& output, ValueNames& names,
                  std::vector<onnx::NodeProto>& nodes);

}  // namespace tvw::io
