/// @file The safetensors container, read and written without trusting anybody.
///
/// Bytes: u64 little-endian header size H; H bytes of JSON {"name": {"dtype", "shape",
/// "data_offsets"}, "__metadata__": {text: text}}, padded with spaces; then the data, tensor after
/// tensor without gaps. Tensors are written in an order that keeps each one aligned to its element
/// size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tvw::io {

/// Of the header's size, before the header.
inline constexpr int64_t kSafetensorsPrefixBytes = 8;

/// What the format keeps among the names of tensors for itself.
inline constexpr const char* kSafetensorsMetadata = "__metadata__";

/// Types are named as in the format: "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL", ...
struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  int64_t offset = 0;  ///< from the start of the file
  int64_t size_bytes = 0;
};

/// Bytes of one element; 0 for an unknown name.
[[nodiscard]] int64_t safetensors_element_size(const std::string& dtype);

class SafetensorsFile {
 public:
  /// Maps the file; entries are checked for range, overlap, and that shape and dtype give the size.
  /// @throws Error kIo, kBadFile
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  /// In the order of their names.
  [[nodiscard]] const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  /// Null: there is none of that name.
  [[nodiscard]] const SafetensorsEntry* find(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// @throws Error kBadFile there is none of that name
  [[nodiscard]] const SafetensorsEntry& entry(const std::string& name) const;
  [[nodiscard]] std::span<const std::byte> bytes(const SafetensorsEntry& entry) const;

 private:
  std::filesystem::path path_;
  const std::byte* map_ = nullptr;
  size_t map_size_ = 0;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// Takes the bytes of one tensor, piece by piece.
using ByteSink = std::function<void(std::span<const std::byte>)>;

struct SafetensorsTensor {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::function<void(const ByteSink&)> produce;  ///< gives exactly the tensor's bytes
};

/// The file as it will be: fixes the order and each tensor's place before anything is written.
class SafetensorsLayout {
 public:
  /// REQUIRES: metadata is UTF-8.
  /// @throws Error kInvalidArgument a name is used twice or is not UTF-8
  SafetensorsLayout(std::vector<SafetensorsTensor> tensors,
                    const std::map<std::string, std::string>& metadata);
  [[nodiscard]] const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  [[nodiscard]] int64_t file_size() const { return file_size_; }
  /// @throws Error kInvalidArgument a tensor produces another number of bytes than it said
  void write(const ByteSink& sink) const;

 private:
  std::vector<SafetensorsTensor> tensors_;
  std::vector<SafetensorsEntry> entries_;
  std::string header_;
  int64_t file_size_ = 0;
};

}  // namespace tvw::io
