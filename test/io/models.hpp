/// @file Small ONNX models from text, with seeded weights.
#pragma once

#include <onnx/defs/parser.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/random_weights.hpp"

namespace tvw::test {

namespace onnx = ::ONNX_NAMESPACE;

/// Parses ONNX text; see onnx/defs/parser.h.
inline onnx::ModelProto parse_model(const std::string& text) {
  onnx::ModelProto model;
  const auto status = onnx::OnnxParser::Parse(model, text.c_str());
  if (!status.IsOK()) throw std::runtime_error(status.ErrorMessage());
  return model;
}

/// Adds a random initializer of the type, as raw data.
inline void add_weight(onnx::ModelProto& model, const std::string& name,
                       const std::vector<int64_t>& dims, DType dtype, uint32_t seed) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  int64_t count = 1;
  for (const int64_t dim : dims) {
    tensor->add_dims(dim);
    count *= dim;
  }
  const DenseMatrix values = random_dense(1, count, dtype, seed);
  tensor->set_data_type(dtype == DType::kF32   ? onnx::TensorProto::FLOAT
                        : dtype == DType::kF16 ? onnx::TensorProto::FLOAT16
                                               : onnx::TensorProto::BFLOAT16);
  tensor->set_raw_data(values.values.bytes().data(), values.values.bytes().size());
}

inline void save(const onnx::ModelProto& model, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  if (!model.SerializeToOstream(&file)) throw std::runtime_error("cannot write " + path.string());
}

/// Header of the text form for these tests.
inline std::string header(int64_t opset = 17, int64_t ir = 8) {
  return "<ir_version: " + std::to_string(ir) + ", opset_import: [\"\" : " + std::to_string(opset) +
         "]>\n";
}

}  // namespace tvw::test
