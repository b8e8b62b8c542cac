#include "io/decode_nodes.hpp"

#include <map>
#include <vector>

#include "io/decode.hpp"

namespace tvw::io {

bool is_decode_node(const onnx::NodeProto& node) {
  return node.domain() == kDecodeDomain ||
         node.name().rfind(std::string(kDecodeDomain) + "/", 0) == 0;
}

std::set<int> decode_nodes(const onnx::GraphProto& graph, const std::string& name) {
  std::map<std::string, int> producers;
  for (int i = 0; i < graph.node_size(); ++i) {
    if (!is_decode_node(graph.node(i))) continue;
    for (const auto& output : graph.node(i).output()) producers[output] = i;
  }
  std::set<int> found;
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const auto producer = producers.find(open.back());
    open.pop_back();
    if (producer == producers.end() || !found.insert(producer->second).second) continue;
    const auto& inputs = graph.node(producer->second).input();
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  return found;
}

}  // namespace tvw::io
