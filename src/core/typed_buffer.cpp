#include "tvw/core/typed_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "tvw/core/error.hpp"

namespace tvw {

TypedBuffer::TypedBuffer(DType dtype, int64_t count) : dtype_(dtype), count_(count) {
  if (count < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "buffer of " + std::to_string(count) + " elements, expected 0 or more");
  }
  lines_.resize((byte_count() + sizeof(Line) - 1) / sizeof(Line));
}

TypedBuffer TypedBuffer::from_f32(DType dtype, std::span<const float> values) {
  TypedBuffer buffer(dtype, static_cast<int64_t>(values.size()));
  tvw::from_f32(dtype, values, buffer.bytes());
  return buffer;
}

std::vector<float> TypedBuffer::to_f32() const {
  std::vector<float> values(static_cast<size_t>(count_));
  tvw::to_f32(dtype_, bytes(), values);
  return values;
}

bool operator==(const TypedBuffer& a, const TypedBuffer& b) {
  return a.dtype_ == b.dtype_ && a.count_ == b.count_ &&
         std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin());
}

}  // namespace tvw
