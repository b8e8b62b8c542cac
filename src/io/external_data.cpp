#include "io/external_data.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::io {
namespace {

constexpr size_t kPiece = size_t{1} << 20;

[[noreturn]] void bad(const onnx::TensorProto& tensor, const std::string& what) {
  throw Error(ErrorCode::kBadFile, "tensor '" + tensor.name() + "': external data " + what);
}

/// The text of an entry, or `otherwise` if the tensor has none of that name.
std::string entry_text(const onnx::TensorProto& tensor, const std::string& key,
                       const std::string& otherwise) {
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == key) return entry.value();
  }
  return otherwise;
}

int64_t entry_number(const onnx::TensorProto& tensor, const std::string& key, int64_t otherwise) {
  const std::string text = entry_text(tensor, key, std::to_string(otherwise));
  const auto number = parse_int(text);
  if (!number || *number < 0) {
    bad(tensor, "in '" + entry_text(tensor, "location", "") + "' has " + key + " '" + text +
                    "', expected 0 or more");
  }
  return *number;
}

/// Refuses what leads out of the model's folder, by name or by link.
std::filesystem::path resolve(const onnx::TensorProto& tensor, const std::string& location,
                              const std::filesystem::path& folder) {
  const std::filesystem::path relative(location);
  if (location.empty() || location.find('\0') != std::string::npos) {
    bad(tensor, "has no location");
  }
  if (relative.is_absolute()) bad(tensor, "location '" + location + "' is an absolute path");
  for (const auto& part : relative) {
    if (part == "..") bad(tensor, "location '" + location + "' leaves the model's folder");
  }
  std::error_code error;
  const std::filesystem::path base = folder.empty() ? "." : folder;
  const auto real_base = std::filesystem::canonical(base, error);
  const auto real_file = std::filesystem::canonical(base / relative, error);
  if (error) {
    throw Error(ErrorCode::kIo, "tensor '" + tensor.name() + "': external data file '" + location +
                                    "' cannot be opened: " + error.message());
  }
  const auto inside =
      std::mismatch(real_base.begin(), real_base.end(), real_file.begin(), real_file.end());
  if (inside.first != real_base.end()) {
    bad(tensor, "location '" + location + "' is a link out of the model's folder");
  }
  if (!std::filesystem::is_regular_file(real_file)) {
    bad(tensor, "location '" + location + "' is not a regular file");
  }
  return real_file;
}

}  // namespace

ExternalData locate(const onnx::TensorProto& tensor, const std::filesystem::path& folder,
                    int64_t size_bytes) {
  const std::string location = entry_text(tensor, "location", "");
  ExternalData data;
  data.size_bytes = size_bytes;
  data.offset = entry_number(tensor, "offset", 0);
  const int64_t length = entry_number(tensor, "length", size_bytes);
  data.file = resolve(tensor, location, folder);
  if (length != size_bytes) {
    bad(tensor, "in '" + location + "' has length " + std::to_string(length) +
                    ", expected by its dims: " + std::to_string(size_bytes));
  }
  const auto file_size = static_cast<int64_t>(std::filesystem::file_size(data.file));
  if (data.offset > file_size || size_bytes > file_size - data.offset) {
    bad(tensor, "in '" + location + "' is " + std::to_string(size_bytes) + " bytes at " +
                    std::to_string(data.offset) + ", past the end of the file at " +
                    std::to_string(file_size));
  }
  return data;
}

void read_external(const ExternalData& data,
                   const std::function<void(std::span<const std::byte>)>& sink) {
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorCode::kIo, "external data " + data.file.string() + ": " + why);
  };
  const int file = open(data.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(std::strerror(errno));
  std::vector<std::byte> piece(kPiece);
  try {
    for (int64_t done = 0; done < data.size_bytes;) {
      const auto wanted = std::min<int64_t>(data.size_bytes - done, static_cast<int64_t>(kPiece));
      const ssize_t got =
          pread(file, piece.data(), static_cast<size_t>(wanted), data.offset + done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(std::strerror(errno));
      if (got == 0) fail("ended early");
      sink({piece.data(), static_cast<size_t>(got)});
      done += got;
    }
  } catch (...) {
    close(file);
    throw;
  }
  close(file);
}

void clear_data(onnx::TensorProto& tensor) {
  tensor.clear_raw_data();
  // clear_raw_data() keeps the string's memory; a weight's may be large.
  if (tensor.mutable_raw_data()->capacity() > 64) std::string().swap(*tensor.mutable_raw_data());
  tensor.clear_raw_data();
  tensor.clear_float_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_double_data();
  tensor.clear_uint64_data();
  tensor.clear_string_data();
  tensor.clear_external_data();
  tensor.clear_data_location();
}

void set_external(onnx::TensorProto& tensor, const std::string& location, int64_t offset,
                  int64_t size_bytes) {
  clear_data(tensor);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    auto* entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", location);
  add("offset", std::to_string(offset));
  add("length", std::to_string(size_bytes));
}

}  // namespace tvw::io
