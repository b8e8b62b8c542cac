/// @file The nodes of a graph that decode packed weights.
#pragma once

#include <set>
#include <string>

#include "io/proto.hpp"

namespace tvw::io {

/// A call of a decode function, or a node that inline_nodes() made of one.
[[nodiscard]] bool is_decode_node(const onnx::NodeProto& node);
/// Nodes that decode `name`, by their place in the graph: the call, or all that inline_nodes() made
/// of it.
[[nodiscard]] std::set<int> decode_nodes(const onnx::GraphProto& graph, const std::string& name);

}  // namespace tvw::io
