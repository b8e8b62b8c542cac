#include "io/decode_nodes.hpp"

#include <vector>

#include "io/decode.hpp"

namespace tvw::io {

bool is_decode_node(const onnx::NodeProto& node) {
  return node.domain() == kDecodeDomain ||
         node.name().rfind(std::string(kDecodeDomain) + "/", 0) == 0;
}

DecodeNodes::DecodeNodes(const onnx::GraphProto& graph) : graph_(graph) {
  for (int i = 0; i < graph.node_size(); ++i) {
    if (!is_decode_node(graph.node(i))) continue;
    for (const auto& output : graph.node(i).output()) producers_[output] = i;
  }
}

std::set<int> DecodeNodes::of(const std::string& name) const {
  std::set<int> found;
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const auto producer = producers_.find(open.back());
    open.pop_back();
    if (producer == producers_.end() || !found.insert(producer->second).second) continue;
    const auto& inputs = graph_.node(producer->second).input();
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  return found;
}

}  // namespace tvw::io
