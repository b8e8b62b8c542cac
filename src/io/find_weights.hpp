/// @file Finds the GEMM-shaped weights of a model, and why those that are not prunable are not.
#pragma once

#include <vector>

#include "io/proto.hpp"
#include "tvw/io/onnx_model.hpp"

namespace tvw::io {

/// In the order of the graph: first the main graph, then subgraphs and functions (never prunable).
[[nodiscard]] std::vector<WeightInfo> find_weights(const onnx::ModelProto& model);

}  // namespace tvw::io
