#include <onnx/defs/schema.h>
#include <onnx/version_converter/convert.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "io/child_process.hpp"
#include "io/decode.hpp"
#include "io/find_weights.hpp"
#include "io/graph_scope.hpp"
#include "io/model_state.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

/// From this IR on initializers need not be graph inputs, and those that are may be overridden.
constexpr int64_t kIrOfPlainInitializers = 4;

/// First standard op that onnx does not know; empty if it knows all.
std::string unknown_op(const onnx::GraphProto& graph, int64_t opset) {
  for (const auto& node : graph.node()) {
    if (is_standard(node) &&
        onnx::OpSchemaRegistry::Schema(node.op_type(), static_cast<int>(opset), "") == nullptr) {
      return node.op_type();
    }
  }
  return {};
}

/// Takes the data of large initializers out of a model while the converter, which copies all twice,
/// works on it, and gives it back to the initializers of the same names.
class LargeData {
 public:
  explicit LargeData(onnx::ModelProto& model) {
    for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
      if (tensor.raw_data().size() < kLarge || data_.contains(tensor.name())) continue;
      data_[tensor.name()].swap(*tensor.mutable_raw_data());
      tensor.clear_raw_data();
    }
  }
  void give_back(onnx::ModelProto& model) {
    for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
      const auto found = data_.find(tensor.name());
      if (found != data_.end()) tensor.mutable_raw_data()->swap(found->second);
    }
  }

 private:
  /// What the converter reads the values of (axes, shapes, scales) is far smaller.
  static constexpr size_t kLarge = size_t{1} << 16;
  std::map<std::string, std::string> data_;
};

/// The first line of a library's message, without where in its sources it comes from.
std::string first_line(const std::string& message) {
  std::string line = message.substr(0, message.find('\n'));
  const size_t assertion = line.find("Assertion ");
  return assertion == std::string::npos ? line : line.substr(assertion);
}

/// Converts, or says why not. The converter trusts its input: nodes with too few inputs or with
/// attributes of another type make it crash.
std::string convert(onnx::ModelProto& model) {
  const std::string unknown = unknown_op(model.graph(), default_opset(model));
  if (!unknown.empty()) return "it does not know the operator " + unknown;
  LargeData data(model);
  std::string why;
  try {
    const std::string raised = in_child_process([&] {
      return onnx::version_conversion::ConvertVersion(model, static_cast<int>(kLeastOpset))
          .SerializeAsString();
    });
    onnx::ModelProto parsed;
    if (!parsed.ParseFromString(raised) || default_opset(parsed) < kLeastOpset) {
      why = "no reason given";
    } else {
      model.Swap(&parsed);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    why = first_line(error.what());
  }
  data.give_back(model);
  return why;
}

/// Before IR 4 every initializer had to be an input, and runtimes take it for a constant all the
/// same. From then on it would be a default that a caller may override, and nothing could be
/// folded.
void drop_inputs_of_initializers(onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const auto& tensor : graph.initializer()) names.insert(tensor.name());
  auto* inputs = graph.mutable_input();
  inputs->erase(std::remove_if(inputs->begin(), inputs->end(),
                               [&](const auto& input) { return names.contains(input.name()); }),
                inputs->end());
}

}  // namespace

void OnnxModel::raise_for_packing() {
  onnx::ModelProto& model = state_->proto;
  const int64_t opset = default_opset(model);
  const bool old_inputs = model.ir_version() < kIrOfPlainInitializers;
  if (opset < kLeastOpset) {
    const std::string why = convert(model);
    if (!why.empty()) {
      throw Error(ErrorCode::kUnsupported, state_->path.string() + " has opset " +
                                               std::to_string(opset) + ", packed output needs " +
                                               std::to_string(kLeastOpset) +
                                               " and onnx cannot convert it (" + why +
                                               "); --emit masked writes it as it is");
    }
    state_->weights = find_weights(model);
  }
  if (old_inputs) drop_inputs_of_initializers(*model.mutable_graph());
  if (model.ir_version() < kLeastIr) model.set_ir_version(kLeastIr);
}

}  // namespace tvw::io
