#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <set>

#include "io/find_tensor.hpp"
#include "io/find_weights.hpp"
#include "io/graph_scope.hpp"
#include "io/model_state.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

/// What the linked onnx 1.19 knows.
constexpr int64_t kKnownOpset = 24;
constexpr int64_t kKnownIr = 12;

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) {
      throw Error(ErrorCode::kIo, "cannot open " + path.string() + ": " + std::strerror(errno));
    }
  }
  ~File() { close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// @throws Error kBadFile
void check_regular(const File& file, const std::filesystem::path& path) {
  struct stat status {};
  if (fstat(file.descriptor(), &status) != 0) {
    throw Error(ErrorCode::kIo, "cannot read " + path.string() + ": " + std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kBadFile, path.string() + " is a directory, expected an ONNX model");
  }
  if (S_ISREG(status.st_mode) && status.st_size == 0) {
    throw Error(ErrorCode::kBadFile, path.string() + " is empty, expected an ONNX model");
  }
}

/// Streams the file, so that the parsed model is the only copy in memory.
void parse(const std::filesystem::path& path, onnx::ModelProto& model) {
  const File file(path);
  check_regular(file, path);
  google::protobuf::io::FileInputStream stream(file.descriptor());
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(std::numeric_limits<int>::max());
  const bool parsed = model.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage();
  if (stream.GetErrno() != 0) {
    throw Error(ErrorCode::kIo,
                "cannot read " + path.string() + ": " + std::strerror(stream.GetErrno()));
  }
  if (!parsed || !model.has_graph() || model.graph().node_size() == 0) {
    throw Error(ErrorCode::kBadFile,
                path.string() + " is not an ONNX model, or only the beginning of one");
  }
}

/// Values are known by name: of two with one name no reader could say which is meant.
/// @throws Error kBadFile
void check_names(const onnx::GraphProto& graph) {
  std::set<std::string> names;
  const auto add = [&](const std::string& name) {
    if (names.insert(name).second) return;
    throw Error(ErrorCode::kBadFile, "two tensors are called '" + name + "', expected one");
  };
  for (const auto& tensor : graph.initializer()) add(tensor.name());
  for (const auto& node : graph.node()) {
    for (const auto& output : node.output()) {
      if (!output.empty()) add(output);  // empty: left out
    }
  }
}

std::vector<std::string> newer_than_known(const onnx::ModelProto& model) {
  std::vector<std::string> warnings;
  if (default_opset(model) > kKnownOpset || model.ir_version() > kKnownIr) {
    warnings.push_back("the model (IR " + std::to_string(model.ir_version()) + ", opset " +
                       std::to_string(default_opset(model)) +
                       ") is newer than the linked onnx (IR " + std::to_string(kKnownIr) +
                       ", opset " + std::to_string(kKnownOpset) +
                       "): what is new in it is not known here");
  }
  return warnings;
}

/// Callers may replace the value of such a weight; a weight that is decoded in the graph has no
/// input.
void warn_of_inputs(OnnxModel::State& state) {
  std::set<std::string> inputs;
  for (const auto& input : state.proto.graph().input()) inputs.insert(input.name());
  size_t count = 0;
  for (const WeightInfo& weight : state.weights) {
    if (weight.prunable && inputs.contains(weight.name)) ++count;
  }
  if (count == 0) return;
  state.warnings.push_back(std::to_string(count) +
                           " weights are graph inputs as well, which packed output cannot keep");
}

}  // namespace

int64_t default_opset(const onnx::ModelProto& model) {
  int64_t version = 0;
  for (const auto& import : model.opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") {
      version = std::max<int64_t>(version, import.version());
    }
  }
  return version;
}

OnnxModel load_onnx(const std::filesystem::path& path) {
  auto state = std::make_unique<OnnxModel::State>();
  state->path = path;
  parse(path, state->proto);
  const std::filesystem::path folder = path.parent_path();
  try {
    for (const auto* tensor : all_tensors(state->proto)) check_tensor(*tensor, folder);
    check_names(state->proto.graph());
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  }
  state->warnings = newer_than_known(state->proto);
  state->weights = find_weights(state->proto);
  warn_of_inputs(*state);
  return OnnxModel(std::move(state));
}

}  // namespace tvw::io
