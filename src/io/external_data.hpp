/// @file External data of ONNX tensors: where it is, and whether it may be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "io/proto.hpp"

namespace tvw::io {

struct ExternalData {
  std::filesystem::path file;
  int64_t offset = 0;
  int64_t size_bytes = 0;
};

/// Resolves the location against `folder`, the model's. Nothing outside of it is read: no absolute
/// path, no `..`, no link that leads out.
/// @throws Error kBadFile the entry is wrong or its range is not `size_bytes` long inside of the
/// file
/// @throws Error kIo the file is missing
[[nodiscard]] ExternalData locate(const onnx::TensorProto& tensor,
                                  const std::filesystem::path& folder, int64_t size_bytes);

/// Hands over the bytes in pieces of up to 1 MiB.
/// @throws Error kIo
void read_external(const ExternalData& data,
                   const std::function<void(std::span<const std::byte>)>& sink);

/// Points `tensor` at a place in another file and drops its inline data.
void set_external(onnx::TensorProto& tensor, const std::string& location, int64_t offset,
                  int64_t size_bytes);

/// Drops inline data of every field and the external entry.
void clear_data(onnx::TensorProto& tensor);

}  // namespace tvw::io
