/// @file The stored tensors of a graph.
#pragma once

#include <string>
#include <vector>

#include "io/proto.hpp"

namespace tvw::io {

/// Initializers, then tensors of Constant nodes.
[[nodiscard]] std::vector<const onnx::TensorProto*> stored_tensors(const onnx::GraphProto& graph);

/// Every tensor of the graph, of graphs nested in it and of functions, attributes included.
[[nodiscard]] std::vector<const onnx::TensorProto*> all_tensors(const onnx::ModelProto& model);

/// The initializer of that name, or the tensor of the Constant node that makes it; null if neither.
[[nodiscard]] const onnx::TensorProto* find_tensor(const onnx::ModelProto& model,
                                                   const std::string& name);
[[nodiscard]] onnx::TensorProto* find_tensor(onnx::ModelProto& model, const std::string& name);

}  // namespace tvw::io
