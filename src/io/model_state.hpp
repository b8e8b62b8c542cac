/// @file What an OnnxModel holds.
#pragma once

#include <string>
#include <vector>

#include "io/proto.hpp"
#include "tvw/io/onnx_model.hpp"

namespace tvw::io {

struct OnnxModel::State {
  std::filesystem::path path;
  onnx::ModelProto proto;
  std::vector<WeightInfo> weights;
  std::vector<std::string> warnings;
};

/// Opset of the default domain; 0 if the model imports none.
[[nodiscard]] int64_t default_opset(const onnx::ModelProto& model);

}  // namespace tvw::io
