#include <algorithm>
#include <set>

#include "io/checksum.hpp"
#include "io/decode.hpp"
#include "io/external_data.hpp"
#include "io/find_tensor.hpp"
#include "io/graph_edit.hpp"
#include "io/model_state.hpp"
#include "io/sidecar.hpp"
#include "io/tensor.hpp"
#include "io/write_files.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {
namespace {

/// Puts the decode of packed weights into a graph, in place of the dense tensors.
class PackedGraph {
 public:
  PackedGraph(onnx::ModelProto& model, DataMover& mover, Decode decode)
      : model_(model), names_(model), mover_(mover), decode_(decode) {}

  /// `weight` gives name, tensors and the rest; its tensor_names are filled in.
  void add(SidecarWeight& weight) {
    remove_constant(model_, weight.name);
    const Decoder decoder =
        decoder_for(*weight.packed, weight.pattern, weight.dims, weight.transposed);
    const onnx::FunctionProto function = make_function(decoder, default_opset(model_));
    std::vector<std::string> inputs;
    for (const PackedTensor& tensor : weight.tensors) {
      auto* initializer = new_initializer(weight.name + "." + tensor.suffix);
      initializer->set_data_type(onnx_type(tensor.dtype));
      for (const int64_t dim : tensor.shape) initializer->add_dims(dim);
      weight.tensor_names.push_back(
          mover_.add(initializer->name(), tensor.dtype, tensor.shape, tensor.bytes, initializer));
      inputs.push_back(initializer->name());
    }
    const BufferShape shape = buffer_shape(*weight.packed, weight.transposed);
    inputs.push_back(add_int64_list(weight.name + ".buffer_shape", shape.buffer));
    inputs.push_back(add_int64_list(weight.name + ".matrix_shape", shape.matrix));
    inputs.push_back(add_int64_list(weight.name + ".shape", weight.dims));
    if (decode_ == Decode::kInline) {
      inline_nodes(function, inputs, weight.name, names_, new_nodes_);
    } else {
      call(function, inputs, weight.name);
    }
  }

  /// Puts the collected nodes in front of the graph's own, and the functions into the model.
  void finish() {
    prepend_nodes(*model_.mutable_graph(), std::move(new_nodes_));
    if (model_.ir_version() < kLeastIr) model_.set_ir_version(kLeastIr);
    if (decode_ == Decode::kInline) return;
    auto* import = model_.add_opset_import();
    import->set_domain(kDecodeDomain);
    import->set_version(1);
  }

 private:
  onnx::TensorProto* new_initializer(const std::string& wanted) {
    auto* initializer = model_.mutable_graph()->add_initializer();
    initializer->set_name(names_.unique(wanted));
    return initializer;
  }

  std::string add_int64_list(const std::string& name, const std::vector<int64_t>& values) {
    auto* initializer = new_initializer(name);
    initializer->set_data_type(onnx::TensorProto::INT64);
    initializer->add_dims(static_cast<int64_t>(values.size()));
    initializer->set_raw_data(values.data(), values.size() * sizeof(int64_t));
    return initializer->name();
  }

  void call(const onnx::FunctionProto& function, const std::vector<std::string>& inputs,
            const std::string& output) {
    if (functions_.insert(function.name()).second) *model_.add_functions() = function;
    onnx::NodeProto node;
    node.set_op_type(function.name());
    node.set_domain(kDecodeDomain);
    node.set_name(names_.unique(output + ".unpack"));
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    new_nodes_.push_back(std::move(node));
  }

  onnx::ModelProto& model_;
  ValueNames names_;
  DataMover& mover_;
  Decode decode_;
  std::set<std::string> functions_;
  std::vector<onnx::NodeProto> new_nodes_;
};

/// Raising the opset lists the weights anew, so they are found again by name.
std::vector<size_t> raised_indices(OnnxModel& model, const std::vector<PackedWeight>& weights) {
  std::vector<std::string> names;
  for (const PackedWeight& weight : weights)
    names.push_back(model.weights().at(weight.weight).name);
  model.raise_for_packing();
  std::vector<size_t> indices;
  for (const std::string& name : names) {
    const auto& infos = model.weights();
    const auto found = std::find_if(infos.begin(), infos.end(), [&](const WeightInfo& info) {
      return info.name == name && info.prunable;
    });
    if (found == infos.end()) {
      throw Error(ErrorCode::kUnsupported,
                  "weight '" + name + "' is lost when onnx converts " + model.path().string() +
                      " to a newer opset; --emit masked writes it as it is");
    }
    indices.push_back(static_cast<size_t>(found - infos.begin()));
  }
  return indices;
}

}  // namespace

std::vector<std::filesystem::path> write_packed(OnnxModel model,
                                                const std::vector<PackedWeight>& weights,
                                                const OutputPaths& outputs, Decode decode,
                                                OutputSet& files) {
  require_unpacked(model);
  const std::vector<size_t> indices = raised_indices(model, weights);
  std::vector<SidecarWeight> entries;
  entries.reserve(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const PackedWeight& weight = weights[i];
    const WeightInfo& info = model.weights().at(indices[i]);
    SidecarWeight entry;
    entry.name = info.name;
    entry.pattern = weight.pattern;
    entry.dims = info.dims;
    entry.transposed = info.transposed;
    entry.dense_checksum = checksum(model.read_weight(indices[i]).values.bytes());
    entry.packed = &weight.packed;
    entry.tensors = to_tensors(weight.packed);
    entries.push_back(std::move(entry));
  }
  OnnxModel::State& state = model.state();
  DataMover mover(state.path.parent_path());
  PackedGraph graph(state.proto, mover, decode);
  for (SidecarWeight& entry : entries) graph.add(entry);
  graph.finish();
  mover.add_all(state.proto, true);
  return write_files(state.proto, mover, sidecar_metadata(entries), outputs, files);
}

void write_packed(OnnxModel model, const std::vector<PackedWeight>& weights,
                  const OutputPaths& outputs, Decode decode) {
  OutputSet files;
  static_cast<void>(write_packed(std::move(model), weights, outputs, decode, files));
  files.commit();
}

}  // namespace tvw::io
