#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw::io {
namespace {

/// Data starts, and so its first tensor lies, on a boundary of this.
constexpr size_t kAlignment = 64;

int64_t tensor_bytes(const SafetensorsTensor& tensor) {
  int64_t bytes = safetensors_element_size(tensor.dtype);
  for (const int64_t dim : tensor.shape) bytes *= dim;
  return bytes;
}

}  // namespace

SafetensorsLayout::SafetensorsLayout(std::vector<SafetensorsTensor> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : tensors_(std::move(tensors)) {
  // Larger elements first: the format allows no gaps, and this keeps every tensor aligned to its
  // own.
  std::stable_sort(tensors_.begin(), tensors_.end(), [](const auto& a, const auto& b) {
    return safetensors_element_size(a.dtype) > safetensors_element_size(b.dtype);
  });
  nlohmann::ordered_json header;
  if (!metadata.empty()) header[kSafetensorsMetadata] = metadata;
  std::set<std::string> names;
  int64_t offset = 0;
  for (const SafetensorsTensor& tensor : tensors_) {
    if (!names.insert(tensor.name).second) {
      throw Error(ErrorCode::kInvalidArgument, "two tensors are called '" + tensor.name + "'");
    }
    if (tensor.name == kSafetensorsMetadata) {
      throw Error(ErrorCode::kUnsupported, "a tensor of a safetensors file cannot be called '" +
                                               tensor.name + "', which is the file's own");
    }
    if (!is_utf8(tensor.name)) {
      throw Error(ErrorCode::kInvalidArgument, "a tensor of a safetensors file cannot be called '" +
                                                   tensor.name + "': expected UTF-8");
    }
    const int64_t size = tensor_bytes(tensor);
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + size}}};
    entries_.push_back({tensor.name, tensor.dtype, tensor.shape, offset, size});
    offset += size;
  }
  header_ = header.is_null() ? "{}" : header.dump();
  while ((header_.size() + kSafetensorsPrefixBytes) % kAlignment != 0) header_ += ' ';
  const int64_t data_begin = kSafetensorsPrefixBytes + static_cast<int64_t>(header_.size());
  for (SafetensorsEntry& entry : entries_) entry.offset += data_begin;
  file_size_ = data_begin + offset;
}

void SafetensorsLayout::write(const ByteSink& sink) const {
  const uint64_t header_size = header_.size();
  sink(std::as_bytes(std::span(&header_size, 1)));
  sink(std::as_bytes(std::span(header_)));
  for (size_t i = 0; i < tensors_.size(); ++i) {
    int64_t produced = 0;
    tensors_[i].produce([&](std::span<const std::byte> bytes) {
      produced += static_cast<int64_t>(bytes.size());
      if (produced <= entries_[i].size_bytes) sink(bytes);
    });
    if (produced != entries_[i].size_bytes) {
      throw Error(ErrorCode::kInvalidArgument, "tensor '" + tensors_[i].name + "' gave " +
                                                   std::to_string(produced) + " bytes, expected " +
                                                   std::to_string(entries_[i].size_bytes));
    }
  }
}

}  // namespace tvw::io
