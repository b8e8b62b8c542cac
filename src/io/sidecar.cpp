#include "io/sidecar.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "io/checksum.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::io {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxWeights = 1'000'000;

[[noreturn]] void bad(const SafetensorsFile& file, const std::string& what) {
  throw Error(ErrorCode::kBadFile, file.path().string() + ": " + what);
}

void check_version(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kFormatKey);
  if (found == file.metadata().end()) bad(file, "has no tvw.format, so it holds no packed weights");
  const std::string major = found->second.substr(0, found->second.find('.'));
  const std::string expected(kFormatVersion);
  if (major != expected.substr(0, expected.find('.'))) {
    bad(file, "has tvw.format " + found->second + ", expected 1.x: a newer tvw wrote it");
  }
}

const Json& field(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw std::invalid_argument(std::string("lacks '") + name + "'");
  return *found;
}

/// K x N elements in both, and no more than memory could ever hold.
void check_dims(const std::vector<int64_t>& dims, int64_t K, int64_t N) {
  constexpr int64_t kMaxElements = int64_t{1} << 40;
  int64_t elements = 1;
  for (const int64_t dim : dims) {
    if (dim < 1 || elements > kMaxElements / dim)
      throw std::invalid_argument("has impossible dims");
    elements *= dim;
  }
  if (K < 1 || N < 1 || K > elements || elements % K != 0 || elements / K != N) {
    throw std::invalid_argument("has K, N that do not fit its dims");
  }
}

/// JSON numbers with a point or an exponent would be cut, or not fit at all.
int64_t whole_number(const Json& json, const char* what) {
  if (!json.is_number_integer()) {
    throw std::invalid_argument(std::string("has no whole number as '") + what + "'");
  }
  return json.get<int64_t>();
}

/// `taken`: tensors of weights before this one. Each tensor belongs to one weight, so that what is
/// read is no more than what the file holds.
LoadedWeight read_weight(const SafetensorsFile& file, const Json& json,
                         std::set<std::string>& taken) {
  LoadedWeight weight;
  weight.name = field(json, "source").get<std::string>();
  weight.pattern = parse_pattern(field(json, "pattern").get<std::string>());
  if (!field(json, "dims").is_array()) throw std::invalid_argument("has no list of dims");
  for (const Json& dim : field(json, "dims")) weight.dims.push_back(whole_number(dim, "dims"));
  weight.transposed = field(json, "stored").get<std::string>() == "NK";
  weight.dense_checksum = field(json, "dense_xxh3").get<std::string>();
  const Json& tensors = field(json, "tensors");
  PackedShape shape;
  shape.format = field(json, "format").get<std::string>();
  shape.K = whole_number(field(json, "K"), "K");
  shape.N = whole_number(field(json, "N"), "N");
  check_dims(weight.dims, shape.K, shape.N);
  shape.pattern = weight.pattern;
  std::set<std::string> used;
  weight.packed = from_tensors(shape, [&](const std::string& suffix) {
    const Json& tensor = field(tensors, suffix.c_str());
    const SafetensorsEntry& entry = file.entry(field(tensor, "name").get<std::string>());
    if (taken.contains(entry.name)) {
      throw std::invalid_argument("names tensor '" + entry.name + "' for two weights");
    }
    used.insert(entry.name);
    weight.tensors[suffix] = entry.name;
    const auto bytes = file.bytes(entry);
    if (checksum(bytes) != field(tensor, "xxh3").get<std::string>()) {
      throw Error(ErrorCode::kVerificationFailed,
                  "the checksum of tensor '" + entry.name + "' differs: its bytes were changed");
    }
    return ReadTensor{entry.dtype, entry.shape, bytes};
  });
  taken.merge(used);
  return weight;
}

}  // namespace

std::map<std::string, std::string> sidecar_metadata(const std::vector<SidecarWeight>& weights) {
  Json list = Json::array();
  for (const SidecarWeight& weight : weights) {
    if (!is_utf8(weight.name)) {
      throw Error(ErrorCode::kUnsupported,
                  "a sidecar cannot say the name of weight '" + weight.name + "': expected UTF-8");
    }
    Json tensors;
    for (size_t i = 0; i < weight.tensors.size(); ++i) {
      const PackedTensor& tensor = weight.tensors[i];
      tensors[tensor.suffix] = {{"name", weight.tensor_names[i]}, {"xxh3", checksum(tensor.bytes)}};
    }
    list.push_back({{"source", weight.name},
                    {"dims", weight.dims},
                    {"pattern", to_string(weight.pattern)},
                    {"format", pack::format_name(*weight.packed)},
                    {"K", pack::rows(*weight.packed)},
                    {"N", pack::cols(*weight.packed)},
                    {"dtype", tvw::name(pack::dtype(*weight.packed))},
                    {"stored", weight.transposed ? "NK" : "KN"},
                    {"dense_xxh3", weight.dense_checksum},
                    {"tensors", std::move(tensors)}});
  }
  return {{kFormatKey, kFormatVersion}, {kWeightsKey, list.dump()}};
}

std::vector<LoadedWeight> read_sidecar(const SafetensorsFile& file) {
  check_version(file);
  const auto found = file.metadata().find(kWeightsKey);
  if (found == file.metadata().end()) bad(file, "has no tvw.weights");
  std::vector<LoadedWeight> weights;
  try {
    const Json list = Json::parse(found->second);
    if (!list.is_array() || list.size() > kMaxWeights) throw std::invalid_argument("is no list");
    std::set<std::string> taken;
    for (const Json& json : list) weights.push_back(read_weight(file, json, taken));
  } catch (const Error& error) {
    const bool usage = error.code() == ErrorCode::kUsage;  // a pattern that does not parse
    throw Error(usage ? ErrorCode::kBadFile : error.code(),
                file.path().string() + ": " + error.what());
  } catch (const std::exception& error) {
    bad(file, std::string("tvw.weights: ") + error.what());
  }
  return weights;
}

}  // namespace tvw::io
