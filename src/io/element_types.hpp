/// @file Types of elements by their names: tvw's, ONNX's and safetensors'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tvw/core/dtype.hpp"

namespace tvw::io {

/// "float", "int8": ONNX's own word for the type.
[[nodiscard]] std::string type_name(int32_t onnx_type);
/// nullopt for types that are not pruned.
[[nodiscard]] std::optional<DType> pruned_dtype(int32_t onnx_type);
[[nodiscard]] int32_t onnx_type(DType dtype);
/// Of safetensors' name ("F32"); UNDEFINED if ONNX has none.
[[nodiscard]] int32_t onnx_type(std::string_view safetensors_type);
[[nodiscard]] std::string safetensors_type(DType dtype);
/// Empty for types that safetensors does not have.
[[nodiscard]] std::string safetensors_type(int32_t onnx_type);

}  // namespace tvw::io
