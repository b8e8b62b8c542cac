// Packed weights without the container and its checksums, so that bad ids and offsets get through
// to validation: what passes must unpack, and pack and unpack to the same.
//
// Bytes: format, K, N, pattern's G or b, keep, group (one each), then for each tensor that is asked
// for its length in bytes (two), last dim (one) and bytes.
#include "io/packed_tensors.hpp"

#include <array>
#include <cstring>
#include <map>

#include "fuzz/fuzz.hpp"

namespace {

using namespace tvw;

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(data, size) {}
  uint8_t byte() {
    const auto piece = take(1);
    return piece.empty() ? 0 : static_cast<uint8_t>(piece[0]);
  }
  std::span<const std::byte> take(size_t count) {
    const auto piece = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(piece.size());
    return std::as_bytes(piece);
  }

 private:
  std::span<const uint8_t> bytes_;
};

io::ReadTensor read_tensor(Input& input, const std::string& suffix) {
  struct Type {
    const char* name;
    size_t bytes;
  };
  static const std::map<std::string, Type> kTypes{
      {"values", {"BF16", 2}}, {"row_offsets", {"I64", 8}}, {"index", {"U8", 1}}};
  const auto found = kTypes.find(suffix);
  const Type type = found == kTypes.end() ? Type{"I32", 4} : found->second;
  const size_t low = input.byte();
  const size_t length = low + size_t{256} * input.byte();
  const int64_t last = input.byte();
  auto bytes = input.take(length);
  bytes = bytes.first(bytes.size() / type.bytes * type.bytes);  // as the container promises
  const auto words = static_cast<int64_t>(bytes.size() / 4);
  return {type.name, {last == 0 ? 0 : words / last, last}, bytes};
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr std::array kFormats{"csr", "block-ell", "nm", "tw", "tvw"};
  Input input(data, size);
  io::PackedShape shape;
  shape.format = kFormats[input.byte() % kFormats.size()];
  shape.K = input.byte();
  shape.N = input.byte();
  const int64_t extent = input.byte();
  shape.pattern.granularity = 1 + extent;
  shape.pattern.block_size = 1 + extent;
  shape.pattern.nm = {1 + input.byte() % 8, 1 + input.byte() % 8};
  std::map<std::string, io::ReadTensor> tensors;
  fuzz::allow_errors([&] {
    const pack::PackedWeights packed = io::from_tensors(shape, [&](const std::string& suffix) {
      if (!tensors.contains(suffix)) tensors[suffix] = read_tensor(input, suffix);
      return tensors[suffix];
    });
    fuzz::require(pack::unpack(packed).values.count() == shape.K * shape.N);
    for (const auto& tensor : io::to_tensors(packed)) {
      const auto& read = tensors.at(tensor.suffix);
      fuzz::require(tensor.bytes.size() == read.bytes.size() &&
                    (tensor.bytes.empty() ||
                     std::memcmp(tensor.bytes.data(), read.bytes.data(), read.bytes.size()) == 0));
    }
  });
  return 0;
}
