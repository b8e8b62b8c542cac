#include "io/tensor.hpp"

#include <cstring>

#include "io/external_data.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

using onnx::TensorProto;

constexpr int64_t kMaxElements = int64_t{1} << 48;

[[noreturn]] void bad(const TensorProto& tensor, const std::string& what) {
  throw Error(ErrorCode::kBadFile, "tensor '" + tensor.name() + "' " + what);
}

/// Bits of one element; 0 for strings and types this program does not know.
int64_t element_bits(int32_t type) {
  switch (type) {
    case TensorProto::UINT4:
    case TensorProto::INT4:
    case TensorProto::FLOAT4E2M1:
      return 4;
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::FLOAT8E4M3FN:
    case TensorProto::FLOAT8E4M3FNUZ:
    case TensorProto::FLOAT8E5M2:
    case TensorProto::FLOAT8E5M2FNUZ:
    case TensorProto::FLOAT8E8M0:
      return 8;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
      return 16;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 32;
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
    case TensorProto::COMPLEX64:
      return 64;
    case TensorProto::COMPLEX128:
      return 128;
    default:
      return 0;
  }
}

/// Elements in the typed field that the type uses instead of raw_data.
int64_t typed_elements(const TensorProto& tensor) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return tensor.float_data_size();
    case TensorProto::DOUBLE:
      return tensor.double_data_size();
    case TensorProto::INT64:
      return tensor.int64_data_size();
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      return tensor.uint64_data_size();
    case TensorProto::COMPLEX64:
      return tensor.float_data_size() / 2;
    case TensorProto::COMPLEX128:
      return tensor.double_data_size() / 2;
    case TensorProto::UINT4:
    case TensorProto::INT4:
    case TensorProto::FLOAT4E2M1:
      return int64_t{2} * tensor.int32_data_size();
    default:
      return tensor.int32_data_size();
  }
}

void copy_typed(const TensorProto& tensor, TypedBuffer& buffer) {
  if (tensor.data_type() == TensorProto::FLOAT) {
    std::memcpy(buffer.bytes().data(), tensor.float_data().data(), buffer.bytes().size());
    return;
  }
  auto* words = buffer.words<uint16_t>();  // f16 and bf16: the low half of each int32
  for (int i = 0; i < tensor.int32_data_size(); ++i) {
    words[i] = static_cast<uint16_t>(tensor.int32_data(i));
  }
}

}  // namespace

int64_t element_count(const TensorProto& tensor) {
  int64_t count = 1;
  bool empty = false;
  for (const int64_t dim : tensor.dims()) {
    if (dim < 0) bad(tensor, "has a dim of " + std::to_string(dim) + ", expected 0 or more");
    empty = empty || dim == 0;
    if (dim == 0) continue;  // the others must fit all the same: strides are products of them
    if (count > kMaxElements / dim) {
      bad(tensor, "has dims whose product is more than 2^48 elements");
    }
    count *= dim;
  }
  return empty ? 0 : count;
}

int64_t data_bytes(const TensorProto& tensor) {
  return (element_count(tensor) * element_bits(tensor.data_type()) + 7) / 8;
}

bool is_external(const TensorProto& tensor) {
  return tensor.data_location() == TensorProto::EXTERNAL;
}

void check_tensor(const TensorProto& tensor, const std::filesystem::path& folder) {
  const int64_t count = element_count(tensor);
  if (element_bits(tensor.data_type()) == 0) return;  // strings, and types newer than this program
  const int64_t bytes = data_bytes(tensor);
  if (is_external(tensor)) {
    static_cast<void>(locate(tensor, folder, bytes));
    return;
  }
  if (tensor.has_raw_data()) {
    const auto got = static_cast<int64_t>(tensor.raw_data().size());
    if (got != bytes) {
      bad(tensor, "has " + std::to_string(got) +
                      " bytes of data, expected by its dims: " + std::to_string(bytes));
    }
    return;
  }
  const int64_t got = typed_elements(tensor);
  const bool half_bytes = element_bits(tensor.data_type()) == 4;
  if (got != count && !(half_bytes && got == count + 1)) {
    bad(tensor, "has " + std::to_string(got) +
                    " elements of data, expected by its dims: " + std::to_string(count));
  }
}

TypedBuffer read_elements(const TensorProto& tensor, const std::filesystem::path& folder) {
  const auto dtype = pruned_dtype(tensor.data_type());
  if (!dtype) bad(tensor, "is " + type_name(tensor.data_type()) + ", expected a float type");
  check_tensor(tensor, folder);
  TypedBuffer buffer(*dtype, element_count(tensor));
  if (is_external(tensor)) {
    std::byte* to = buffer.bytes().data();
    read_external(locate(tensor, folder, buffer.size_bytes()),
                  [&to](std::span<const std::byte> piece) {
                    std::memcpy(to, piece.data(), piece.size());
                    to += piece.size();
                  });
  } else if (tensor.has_raw_data()) {
    if (buffer.count() > 0) {
      std::memcpy(buffer.bytes().data(), tensor.raw_data().data(), buffer.bytes().size());
    }
  } else if (buffer.count() > 0) {
    copy_typed(tensor, buffer);
  }
  return buffer;
}

std::span<const std::byte> inline_bytes(const onnx::TensorProto& tensor) {
  if (tensor.has_raw_data()) return std::as_bytes(std::span(tensor.raw_data()));
  if (tensor.data_type() == onnx::TensorProto::FLOAT) {
    return std::as_bytes(
        std::span(tensor.float_data().data(), static_cast<size_t>(tensor.float_data_size())));
  }
  if (tensor.data_type() == onnx::TensorProto::INT64) {
    return std::as_bytes(
        std::span(tensor.int64_data().data(), static_cast<size_t>(tensor.int64_data_size())));
  }
  return {};
}

}  // namespace tvw::io
