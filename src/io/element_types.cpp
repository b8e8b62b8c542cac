#include "io/element_types.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "io/proto.hpp"

namespace tvw::io {
namespace {

using onnx::TensorProto;

struct ElementType {
  int32_t onnx;
  std::string_view safetensors;
  std::optional<DType> dtype = std::nullopt;
};
constexpr std::array kTypes = {
    ElementType{TensorProto::FLOAT, "F32", DType::kF32},
    ElementType{TensorProto::FLOAT16, "F16", DType::kF16},
    ElementType{TensorProto::BFLOAT16, "BF16", DType::kBF16},
    ElementType{TensorProto::DOUBLE, "F64"},
    ElementType{TensorProto::INT8, "I8"},
    ElementType{TensorProto::UINT8, "U8"},
    ElementType{TensorProto::INT16, "I16"},
    ElementType{TensorProto::UINT16, "U16"},
    ElementType{TensorProto::INT32, "I32"},
    ElementType{TensorProto::UINT32, "U32"},
    ElementType{TensorProto::INT64, "I64"},
    ElementType{TensorProto::UINT64, "U64"},
    ElementType{TensorProto::BOOL, "BOOL"},
};

template <class Value, class Member>
const ElementType* find(const Value& value, Member member) {
  const auto found = std::ranges::find(kTypes, value, member);
  return found == kTypes.end() ? nullptr : &*found;
}
const ElementType& of(DType dtype) { return *find(std::optional(dtype), &ElementType::dtype); }

}  // namespace

std::string type_name(int32_t onnx_type) {
  if (!TensorProto::DataType_IsValid(onnx_type)) return "type " + std::to_string(onnx_type);
  std::string name = TensorProto::DataType_Name(static_cast<TensorProto::DataType>(onnx_type));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::optional<DType> pruned_dtype(int32_t onnx_type) {
  const ElementType* type = find(onnx_type, &ElementType::onnx);
  return type != nullptr ? type->dtype : std::nullopt;
}

int32_t onnx_type(DType dtype) { return of(dtype).onnx; }

int32_t onnx_type(std::string_view safetensors_type) {
  const ElementType* type = find(safetensors_type, &ElementType::safetensors);
  return type != nullptr ? type->onnx : int32_t{TensorProto::UNDEFINED};
}

std::string safetensors_type(DType dtype) { return std::string(of(dtype).safetensors); }

std::string safetensors_type(int32_t onnx_type) {
  const ElementType* type = find(onnx_type, &ElementType::onnx);
  return type != nullptr ? std::string(type->safetensors) : std::string();
}

}  // namespace tvw::io
