#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "tvw/core/error.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw::io {
namespace {

using Json = nlohmann::json;

/// The format's own limit.
constexpr int64_t kMaxHeaderBytes = 100'000'000;
/// name -> description -> list: nothing in a header nests deeper.
constexpr int kMaxDepth = 3;

class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail(path, std::strerror(errno));
    struct stat status {};
    const bool known = fstat(file, &status) == 0;
    if (!known || !S_ISREG(status.st_mode)) {
      const std::string why = !known                    ? std::strerror(errno)
                              : S_ISDIR(status.st_mode) ? "it is a directory"
                                                        : "it is not a regular file";
      close(file);
      fail(path, why);
    }
    size = static_cast<size_t>(status.st_size);
    void* address = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    const int error = errno;
    close(file);
    if (address == MAP_FAILED) fail(path, std::strerror(error));
    data = static_cast<const std::byte*>(address);
  }

  const std::byte* data = nullptr;
  size_t size = 0;

 private:
  [[noreturn]] static void fail(const std::filesystem::path& path, const std::string& why) {
    throw Error(ErrorCode::kIo, "cannot open " + path.string() + ": " + why);
  }
};

[[noreturn]] void bad(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorCode::kBadFile, path.string() + " is not a valid safetensors file: " + what);
}

/// Refuses names that occur twice (JSON parsers silently keep one) and deep nesting. By events, as
/// a parser that asks about each value of a long object takes quadratic time.
class HeaderCheck final : public nlohmann::json_sax<Json> {
 public:
  bool start_object(size_t /*size*/) override {
    names_.emplace_back();
    return deeper();
  }
  bool key(std::string& name) override {
    if (names_.back().insert(name).second) return true;
    throw std::invalid_argument("the name '" + name + "' occurs twice");
  }
  bool end_object() override {
    names_.pop_back();
    return higher();
  }
  bool start_array(size_t /*size*/) override { return deeper(); }
  bool end_array() override { return higher(); }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(int64_t /*value*/) override { return true; }
  bool number_unsigned(uint64_t /*value*/) override { return true; }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return true; }
  bool string(std::string& /*value*/) override { return true; }
  bool binary(Json::binary_t& /*value*/) override { return true; }
  /// Left to the parser that follows.
  bool parse_error(size_t /*at*/, const std::string& /*token*/,
                   const Json::exception& /*error*/) override {
    return false;
  }

 private:
  bool deeper() {
    if (++depth_ > kMaxDepth) throw std::invalid_argument("the header nests too deeply");
    return true;
  }
  bool higher() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::vector<std::set<std::string>> names_;
};

std::vector<int64_t> non_negative_integers(const Json& list, const std::string& what) {
  if (!list.is_array()) throw std::invalid_argument(what + " is not a list");
  std::vector<int64_t> values;
  for (const Json& value : list) {
    if (!value.is_number_unsigned() ||
        value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      throw std::invalid_argument(what + " holds " + value.dump() + ", expected whole numbers");
    }
    values.push_back(value.get<int64_t>());
  }
  return values;
}

int64_t expected_bytes(const SafetensorsEntry& entry) {
  constexpr int64_t kMax = int64_t{1} << 60;
  int64_t bytes = safetensors_element_size(entry.dtype);
  for (const int64_t dim : entry.shape) {
    if (dim != 0 && bytes > kMax / dim)
      throw std::invalid_argument("'" + entry.name + "' is too large");
    bytes *= dim;
  }
  return bytes;
}

SafetensorsEntry parse_entry(const std::string& name, const Json& json, int64_t data_begin,
                             int64_t file_size) {
  SafetensorsEntry entry;
  entry.name = name;
  if (!json.is_object() || !json.contains("dtype") || !json["dtype"].is_string() ||
      !json.contains("shape") || !json.contains("data_offsets")) {
    throw std::invalid_argument("'" + name + "' lacks dtype, shape or data_offsets");
  }
  entry.dtype = json["dtype"].get<std::string>();
  if (safetensors_element_size(entry.dtype) == 0) {
    throw std::invalid_argument("'" + name + "' has the unknown dtype '" + entry.dtype + "'");
  }
  entry.shape = non_negative_integers(json["shape"], "the shape of '" + name + "'");
  const auto range = non_negative_integers(json["data_offsets"], "data_offsets of '" + name + "'");
  if (range.size() != 2 || range[1] < range[0] || range[1] > file_size - data_begin) {
    throw std::invalid_argument("data_offsets of '" + name + "' leave the file");
  }
  entry.offset = data_begin + range[0];
  entry.size_bytes = range[1] - range[0];
  const int64_t expected = expected_bytes(entry);
  if (entry.size_bytes != expected) {
    throw std::invalid_argument("'" + name + "' has " + std::to_string(entry.size_bytes) +
                                " bytes, expected by its shape: " + std::to_string(expected));
  }
  return entry;
}

std::map<std::string, std::string> parse_metadata(const Json& json) {
  if (!json.is_object()) throw std::invalid_argument("its metadata is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) throw std::invalid_argument("metadata '" + key + "' is not text");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

void check_overlaps(std::vector<SafetensorsEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].size_bytes > 0 &&
        entries[i].offset < entries[i - 1].offset + entries[i - 1].size_bytes) {
      throw std::invalid_argument("'" + entries[i - 1].name + "' and '" + entries[i].name +
                                  "' overlap");
    }
  }
}

}  // namespace

int64_t safetensors_element_size(const std::string& dtype) {
  static const std::map<std::string, int64_t> kSizes{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
      {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},
      {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8},     {"F64", 8}};
  const auto found = kSizes.find(dtype);
  return found != kSizes.end() ? found->second : 0;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path) {
  const Mapping mapping(path);
  map_ = mapping.data;
  map_size_ = mapping.size;
  const auto unmap_and_fail = [&](const std::string& what) {
    if (map_ != nullptr) munmap(const_cast<std::byte*>(map_), map_size_);
    bad(path, what);
  };
  const auto file_size = static_cast<int64_t>(map_size_);
  if (file_size < kSafetensorsPrefixBytes)
    unmap_and_fail("it has only " + std::to_string(file_size) + " bytes");
  uint64_t header_size = 0;
  std::memcpy(&header_size, map_, kSafetensorsPrefixBytes);
  if (header_size > kMaxHeaderBytes ||
      static_cast<int64_t>(header_size) > file_size - kSafetensorsPrefixBytes) {
    unmap_and_fail("its header is said to have " + std::to_string(header_size) + " bytes of " +
                   std::to_string(file_size));
  }
  const int64_t data_begin = kSafetensorsPrefixBytes + static_cast<int64_t>(header_size);
  try {
    const auto* text = reinterpret_cast<const char*>(map_) + kSafetensorsPrefixBytes;
    HeaderCheck check;
    static_cast<void>(Json::sax_parse(text, text + header_size, &check));
    const Json header = Json::parse(text, text + header_size);
    if (!header.is_object()) throw std::invalid_argument("the header is not a JSON object");
    for (const auto& [name, value] : header.items()) {  // in order: Json keeps its names sorted
      if (name == kSafetensorsMetadata) {
        metadata_ = parse_metadata(value);
      } else {
        entries_.push_back(parse_entry(name, value, data_begin, file_size));
      }
    }
    check_overlaps(entries_);
  } catch (const std::exception& error) {
    unmap_and_fail(error.what());
  }
}

SafetensorsFile::~SafetensorsFile() {
  if (map_ != nullptr) munmap(const_cast<std::byte*>(map_), map_size_);
}

const SafetensorsEntry& SafetensorsFile::entry(const std::string& name) const {
  if (const SafetensorsEntry* found = find(name)) return *found;
  throw Error(ErrorCode::kBadFile, path_.string() + " has no tensor '" + name + "'");
}

const SafetensorsEntry* SafetensorsFile::find(const std::string& name) const {
  const auto found = std::ranges::lower_bound(entries_, name, {}, &SafetensorsEntry::name);
  return found != entries_.end() && found->name == name ? &*found : nullptr;
}

std::span<const std::byte> SafetensorsFile::bytes(const SafetensorsEntry& entry) const {
  return {map_ + entry.offset, static_cast<size_t>(entry.size_bytes)};
}

}  // namespace tvw::io
