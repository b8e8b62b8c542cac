/// @file The nodes of a graph that decode packed weights.
#pragma once

#include <map>
#include <set>
#include <string>

#include "io/proto.hpp"

namespace tvw::io {

/// A call of a decode function, or a node that inline_nodes() made of one.
[[nodiscard]] bool is_decode_node(const onnx::NodeProto& node);

/// All of a graph, which must outlive this and stay as it is.
class DecodeNodes {
 public:
  explicit DecodeNodes(const onnx::GraphProto& graph);
  /// Those that decode `name`, by their place in the graph: the call, or all that inline_nodes()
  /// made of it.
  [[nodiscard]] std::set<int> of(const std::string& name) const;

 private:
  const onnx::GraphProto& graph_;
  std::map<std::string, int> producers_;  ///< of each value that a decode node gives
};

}  // namespace tvw::io
