/// @file Stored tensors: their size, and their bytes wherever they are.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "io/element_types.hpp"
#include "io/proto.hpp"
#include "tvw/core/dtype.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::io {

/// Product of the dims.
/// @throws Error kBadFile a dim is negative, or the product does not fit 48 bits
[[nodiscard]] int64_t element_count(const onnx::TensorProto& tensor);
/// Bytes of the data: elements * type size (half bytes rounded up); 0 for strings.
[[nodiscard]] int64_t data_bytes(const onnx::TensorProto& tensor);

/// Checks that the data there is has the size that type and dims ask for; external data is located.
/// @throws Error kIo, kBadFile
void check_tensor(const onnx::TensorProto& tensor, const std::filesystem::path& folder);

/// Elements of an f32, f16 or bf16 tensor in stored order, bits unchanged.
/// @throws Error kIo, kBadFile
[[nodiscard]] TypedBuffer read_elements(const onnx::TensorProto& tensor,
                                        const std::filesystem::path& folder);

/// The data that is in the tensor itself, as it would be in a file; empty if it is elsewhere, or in
/// fields that hold it in another form.
[[nodiscard]] std::span<const std::byte> inline_bytes(const onnx::TensorProto& tensor);

[[nodiscard]] bool is_external(const onnx::TensorProto& tensor);

}  // namespace tvw::io
