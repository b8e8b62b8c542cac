#include "tvw/io/packed_model.hpp"

#include <algorithm>
#include <set>

#include "io/checksum.hpp"
#include "io/decode.hpp"
#include "io/decode_nodes.hpp"
#include "io/external_data.hpp"
#include "io/graph_edit.hpp"
#include "io/model_state.hpp"
#include "io/sidecar.hpp"
#include "io/stored_order.hpp"
#include "io/tensor.hpp"
#include "io/write_files.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/output_path.hpp"

namespace tvw::io {
namespace {

/// Takes the decode nodes of `weights` out of the graph, with the initializers that only they read.
void remove_decode(onnx::GraphProto& graph, const std::vector<LoadedWeight>& weights) {
  std::set<int> decode;
  const DecodeNodes nodes(graph);
  for (const LoadedWeight& weight : weights) decode.merge(nodes.of(weight.name));
  std::set<std::string> read_by_decode;
  std::set<std::string> read_by_others;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> kept;
  for (int i = 0; i < graph.node_size(); ++i) {
    auto& names = decode.contains(i) ? read_by_decode : read_by_others;
    names.insert(graph.node(i).input().begin(), graph.node(i).input().end());
    if (!decode.contains(i)) kept.Add()->Swap(graph.mutable_node(i));
  }
  graph.mutable_node()->Swap(&kept);
  auto* tensors = graph.mutable_initializer();
  tensors->erase(std::remove_if(tensors->begin(), tensors->end(),
                                [&](const auto& tensor) {
                                  return read_by_decode.contains(tensor.name()) &&
                                         !read_by_others.contains(tensor.name());
                                }),
                 tensors->end());
}

/// A model and a sidecar of another run may lie side by side, or the model may read another file:
/// its graph must decode each weight from the places that the sidecar has the weight's tensors at.
void check_pair(const OnnxModel& model, const SafetensorsFile& sidecar,
                const std::vector<LoadedWeight>& weights) {
  const onnx::GraphProto& graph = model.state().proto.graph();
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kBadFile, model.path().string() + " does not belong to " +
                                         sidecar.path().string() + ": " + what);
  };
  std::set<std::string> external;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    const SafetensorsEntry* const entry = sidecar.find(tensor.name());
    if (!is_external(tensor) || entry == nullptr) continue;
    const ExternalData data = locate(tensor, model.path().parent_path(), data_bytes(tensor));
    if (!same_file(data.file, sidecar.path())) {
      fail("it reads tensor '" + tensor.name() + "' from " + data.file.string());
    }
    if (data.offset != entry->offset) fail("tensor '" + tensor.name() + "' is at another place");
    if (tensor.data_type() != onnx_type(entry->dtype) ||
        !std::ranges::equal(tensor.dims(), entry->shape)) {
      fail("tensor '" + tensor.name() + "' has another type or shape there");
    }
    external.insert(tensor.name());
  }
  const DecodeNodes decode(graph);
  for (const LoadedWeight& weight : weights) {
    const std::set<int> nodes = decode.of(weight.name);
    if (nodes.empty()) fail("it does not decode weight '" + weight.name + "'");
    std::set<std::string> read;
    for (const int node : nodes) {
      read.insert(graph.node(node).input().begin(), graph.node(node).input().end());
    }
    for (const auto& [suffix, name] : weight.tensors) {
      if (read.contains(name) && external.contains(name)) continue;
      fail("it does not read tensor '" + name + "' of weight '" + weight.name + "'");
    }
  }
}

void add_dense(onnx::GraphProto& graph, const LoadedWeight& weight) {
  const TypedBuffer values = to_stored(pack::unpack(weight.packed), weight.transposed);
  auto* tensor = graph.add_initializer();
  tensor->set_name(weight.name);
  tensor->set_data_type(onnx_type(values.dtype()));
  for (const int64_t dim : weight.dims) tensor->add_dims(dim);
  if (element_count(*tensor) != values.count()) {
    throw Error(ErrorCode::kBadFile, "weight '" + weight.name + "' has dims for " +
                                         std::to_string(element_count(*tensor)) +
                                         " elements, expected " + std::to_string(values.count()));
  }
  tensor->set_raw_data(values.bytes().data(), values.bytes().size());
}

void drop_functions(onnx::ModelProto& model) {
  auto* functions = model.mutable_functions();
  functions->erase(
      std::remove_if(functions->begin(), functions->end(),
                     [](const auto& function) { return function.domain() == kDecodeDomain; }),
      functions->end());
  auto* imports = model.mutable_opset_import();
  imports->erase(std::remove_if(imports->begin(), imports->end(),
                                [](const auto& i) { return i.domain() == kDecodeDomain; }),
                 imports->end());
}

/// The file that decoded weights are read from: the model may have been renamed since.
std::filesystem::path sidecar_of(const OnnxModel& model) {
  const onnx::GraphProto& graph = model.state().proto.graph();
  std::set<std::string> read;
  for (const onnx::NodeProto& node : graph.node()) {
    if (is_decode_node(node)) read.insert(node.input().begin(), node.input().end());
  }
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (!read.contains(tensor.name()) || !is_external(tensor)) continue;
    return locate(tensor, model.path().parent_path(), data_bytes(tensor)).file;
  }
  throw Error(ErrorCode::kBadFile,
              model.path().string() +
                  " decodes no weight from a file beside it, so it is no model "
                  "that tvw packed");
}

/// Are the stored values those of `source` wherever they are not zero?
template <class Word>
bool agrees(const TypedBuffer& pruned, const TypedBuffer& source) {
  const Word* a = pruned.words<Word>();
  const Word* b = source.words<Word>();
  for (int64_t i = 0; i < pruned.count(); ++i) {
    if (a[i] != 0 && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace

bool is_packed(const OnnxModel& model) {
  const auto& nodes = model.state().proto.graph().node();
  return std::any_of(nodes.begin(), nodes.end(), is_decode_node);
}

void require_unpacked(const OnnxModel& model) {
  if (!is_packed(model)) return;
  throw Error(ErrorCode::kUnsupported, model.path().string() +
                                           " holds packed weights already; tvw unpack turns it "
                                           "back into a dense model first");
}

std::vector<LoadedWeight> load_packed(const OnnxModel& model) {
  const SafetensorsFile sidecar(sidecar_of(model));
  std::vector<LoadedWeight> weights = read_sidecar(sidecar);
  check_pair(model, sidecar, weights);
  return weights;
}

void unpack_model(OnnxModel model, const OutputPaths& outputs) {
  const std::vector<LoadedWeight> weights = load_packed(model);
  OnnxModel::State& state = model.state();
  onnx::GraphProto& graph = *state.proto.mutable_graph();
  remove_decode(graph, weights);
  for (const LoadedWeight& weight : weights) add_dense(graph, weight);
  drop_functions(state.proto);
  state.weights.clear();
  write_masked(std::move(model), {}, outputs);
}

size_t verify_against(const std::vector<LoadedWeight>& weights, const OnnxModel& source) {
  const auto fail = [](const std::string& name, const std::string& what) {
    throw Error(ErrorCode::kVerificationFailed, "weight '" + name + "' " + what);
  };
  for (const LoadedWeight& weight : weights) {
    const auto& infos = source.weights();
    const auto info = std::find_if(infos.begin(), infos.end(), [&](const WeightInfo& candidate) {
      return candidate.name == weight.name && candidate.prunable;
    });
    if (info == infos.end()) fail(weight.name, "is not a prunable weight of the source");
    const DenseMatrix dense = source.read_weight(static_cast<size_t>(info - infos.begin()));
    if (dense.K != pack::rows(weight.packed) || dense.N != pack::cols(weight.packed) ||
        dense.values.dtype() != pack::dtype(weight.packed)) {
      fail(weight.name, "has another shape or type than in the source");
    }
    if (checksum(dense.values.bytes()) != weight.dense_checksum) {
      fail(weight.name, "was packed from other values than the source's: checksums differ");
    }
    const TypedBuffer pruned = pack::unpack(weight.packed).values;
    const bool same = size_bytes(pruned.dtype()) == 4 ? agrees<uint32_t>(pruned, dense.values)
                                                      : agrees<uint16_t>(pruned, dense.values);
    if (!same) fail(weight.name, "has values that are not the source's");
  }
  return weights.size();
}

}  // namespace tvw::io
