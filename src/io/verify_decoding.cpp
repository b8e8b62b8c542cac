// Whether a runtime gets from the graph what the sidecar holds.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "io/decode.hpp"
#include "io/decode_nodes.hpp"
#include "io/graph_edit.hpp"
#include "io/model_state.hpp"
#include "io/packed_tensors.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/packed_model.hpp"

namespace tvw::io {
namespace {

/// One weight's decoding in a graph, beside what write_packed() writes.
class Decoding {
 public:
  Decoding(const onnx::ModelProto& model, const DecodeNodes& decode, const LoadedWeight& weight)
      : model_(model),
        weight_(weight),
        tensors_(to_tensors(weight.packed)),
        expected_(make_function(
            decoder_for(weight.packed, weight.pattern, weight.dims, weight.transposed),
            default_opset(model))) {
    for (const int i : decode.of(weight.name)) {
      nodes_.push_back(&model.graph().node(i));
    }
  }

  void check() const {
    if (nodes_.size() == 1 && nodes_[0]->domain() == kDecodeDomain) {
      check_call();
    } else {
      check_inlined();
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::kVerificationFailed,
                "weight '" + weight_.name + "' is decoded by other " + what +
                    " than tvw writes for it, so a runtime may compute something else");
  }

  void check_call() const {
    const onnx::NodeProto& call = *nodes_[0];
    if (call.op_type() != expected_.name() || call.output_size() != 1) fail("nodes");
    int found = 0;
    for (const onnx::FunctionProto& function : model_.functions()) {
      if (function.domain() != kDecodeDomain || function.name() != call.op_type()) continue;
      ++found;
      if (function.SerializeAsString() != expected_.SerializeAsString()) fail("functions");
    }
    if (found != 1) fail("functions");
    check_inputs({call.input().begin(), call.input().end()});
  }

  /// The nodes as they would be inlined anew, reading what they read.
  void check_inlined() const {
    std::vector<std::string> inputs;
    for (const PackedTensor& tensor : tensors_) {
      inputs.push_back(weight_.tensors.at(tensor.suffix));
    }
    for (const char* shape : {".buffer_shape", ".matrix_shape", ".shape"}) {
      inputs.push_back(name_read(weight_.name + shape));
    }
    check_inputs(inputs);
    ValueNames names{onnx::ModelProto()};
    std::vector<onnx::NodeProto> inlined;
    inline_nodes(expected_, inputs, weight_.name, names, inlined);
    onnx::GraphProto expected;
    prepend_nodes(expected, std::move(inlined));
    const std::set<int> read = DecodeNodes(expected).of(weight_.name);  // some constants are not
    if (read.size() != nodes_.size()) fail("nodes");
    size_t i = 0;
    for (const int node : read) {
      if (expected.node(node).SerializeAsString() != nodes_[i++]->SerializeAsString()) {
        fail("nodes");
      }
    }
  }

  /// `wanted`, or what the nodes read instead as that name was taken ("w.shape#2").
  [[nodiscard]] std::string name_read(const std::string& wanted) const {
    for (const onnx::NodeProto* node : nodes_) {
      for (const std::string& input : node->input()) {
        if (input.starts_with(wanted + "#")) return input;
      }
    }
    return wanted;
  }

  /// The packed tensors in order, then three lists of numbers.
  void check_inputs(const std::vector<std::string>& inputs) const {
    const BufferShape shape = buffer_shape(weight_.packed, weight_.transposed);
    const std::vector<std::vector<int64_t>> lists{shape.buffer, shape.matrix, weight_.dims};
    if (inputs.size() != tensors_.size() + lists.size()) fail("inputs");
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (inputs[i] != weight_.tensors.at(tensors_[i].suffix)) fail("inputs");
    }
    for (size_t i = 0; i < lists.size(); ++i) {
      if (int64_list(inputs[tensors_.size() + i]) != lists[i]) fail("shapes");
    }
  }

  [[nodiscard]] std::vector<int64_t> int64_list(const std::string& name) const {
    std::vector<int64_t> list;
    for (const onnx::TensorProto& tensor : model_.graph().initializer()) {
      if (tensor.name() != name || tensor.data_type() != onnx::TensorProto::INT64) continue;
      list.resize(tensor.raw_data().size() / sizeof(int64_t));
      std::copy_n(tensor.raw_data().data(), list.size() * sizeof(int64_t),
                  reinterpret_cast<char*>(list.data()));
    }
    return list;
  }

  const onnx::ModelProto& model_;
  const LoadedWeight& weight_;
  std::vector<PackedTensor> tensors_;  ///< of weight_.packed, in the order of a decoder's inputs
  onnx::FunctionProto expected_;
  std::vector<const onnx::NodeProto*> nodes_;
};

}  // namespace

void verify_decoding(const OnnxModel& model, const std::vector<LoadedWeight>& weights) {
  const onnx::ModelProto& proto = model.state().proto;
  const DecodeNodes decode(proto.graph());
  for (const LoadedWeight& weight : weights) Decoding(proto, decode, weight).check();
}

}  // namespace tvw::io
