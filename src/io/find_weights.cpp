#include "io/find_weights.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "io/graph_scope.hpp"
#include "io/tensor.hpp"
#include "io/weight_view.hpp"

namespace tvw::io {
namespace {

/// Ops that multiply by a constant but are not pruned, with the inputs that may hold it.
struct SkippedOp {
  std::string_view op;
  std::array<int, 2> inputs;  ///< -1: none
  std::string_view reason;
};
constexpr std::string_view kQuantized = "integer weights are not pruned";
constexpr std::string_view kRecurrent = "recurrent weights are not pruned yet";
constexpr std::string_view kFused = "a fused operator of one runtime";
constexpr std::array kSkippedOps{
    SkippedOp{"ConvTranspose", {1, -1}, "transposed convolution is not a GEMM over the weight"},
    SkippedOp{"LSTM", {1, 2}, kRecurrent},
    SkippedOp{"GRU", {1, 2}, kRecurrent},
    SkippedOp{"RNN", {1, 2}, kRecurrent},
    SkippedOp{"Einsum", {1, -1}, "Einsum is not read as a GEMM"},
    SkippedOp{"MatMulInteger", {1, 0}, kQuantized},
    SkippedOp{"ConvInteger", {1, -1}, kQuantized},
    SkippedOp{"QLinearMatMul", {3, -1}, kQuantized},
    SkippedOp{"QLinearConv", {3, -1}, kQuantized},
    SkippedOp{"QGemm", {3, -1}, kQuantized},
    SkippedOp{"DynamicQuantizeMatMul", {1, -1}, kQuantized},
    SkippedOp{"MatMulNBits", {1, -1}, kQuantized},
    SkippedOp{"FusedMatMul", {1, -1}, kFused},
    SkippedOp{"FusedGemm", {1, -1}, kFused},
    SkippedOp{"FusedConv", {1, -1}, kFused},
    SkippedOp{"Attention", {1, -1}, kFused},
};

/// Ops that change values, but behind which the stored weight is still worth naming.
bool is_quantizer(const onnx::NodeProto& node) {
  static constexpr std::array<std::string_view, 6> kQuantizers{
      "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
      "Quant",          "BipolarQuant",     "Trunc"};
  return std::find(kQuantizers.begin(), kQuantizers.end(), node.op_type()) != kQuantizers.end();
}

/// A constant found behind an operand.
struct Origin {
  const onnx::TensorProto* tensor = nullptr;
  std::string name;                           ///< value name of the tensor
  std::vector<const onnx::NodeProto*> steps;  ///< from the tensor to the operand
  std::string blocked_by;                     ///< op that changes its values
};

/// Views and quantizers that are followed from an operand to its constant; what is longer is a
/// cycle, or was made to be one.
constexpr size_t kMaxChain = 1000;

Origin trace(const GraphScope& scope, std::string value) {
  Origin origin;
  for (size_t step = 0; step <= kMaxChain; ++step) {
    if (const auto* tensor = scope.constant(value)) {
      origin.tensor = tensor;
      origin.name = value;
      std::reverse(origin.steps.begin(), origin.steps.end());
      return origin;
    }
    const auto* node = scope.producer(value);
    if (node == nullptr || (!is_view_op(*node) && !is_quantizer(*node)) ||
        node->input_size() == 0) {
      return origin;
    }
    if (!is_view_op(*node)) origin.blocked_by = node->op_type();
    origin.steps.push_back(node);
    value = node->input(0);
  }
  return origin;
}

/// Axes 0..rank-1 but for one.
std::vector<size_t> all_but(size_t rank, size_t axis) {
  std::vector<size_t> axes;
  for (size_t i = 0; i < rank; ++i) {
    if (i != axis) axes.push_back(i);
  }
  return axes;
}

/// How one node multiplies by the view at one of its inputs: the order, or why it cannot be used.
struct Reading {
  std::optional<MatrixOrder> order;
  std::string reason;
};

Reading read_matmul(const TensorView& view, int input) {
  if (view.dims.size() > 2)
    return {{}, "a batch of matrices, rank " + std::to_string(view.dims.size())};
  if (view.dims.size() < 2) return {{}, "a vector, not a matrix"};
  return input == 1 ? Reading{matrix_order(view, {0}, {1}), {}}
                    : Reading{matrix_order(view, {1}, {0}), {}};
}

Reading read_gemm(const onnx::NodeProto& node, const TensorView& view, int input) {
  if (view.dims.size() != 2)
    return {{}, "Gemm takes matrices, this has rank " + std::to_string(view.dims.size())};
  if (input == 0) return {{}, "the constant is Gemm's A, the activation side"};
  const bool transposed = int_attribute(node, "transB", 0) != 0;
  return {transposed ? matrix_order(view, {1}, {0}) : matrix_order(view, {0}, {1}), {}};
}

Reading read_conv(const onnx::NodeProto& node, const TensorView& view) {
  const int64_t group = int_attribute(node, "group", 1);
  if (group != 1) return {{}, "grouped convolution, group " + std::to_string(group)};
  if (view.dims.size() < 3) return {{}, "Conv takes rank 3 or more"};
  return {matrix_order(view, all_but(view.dims.size(), 0), {0}), {}};
}

/// nullopt: input `input` of this node is not a weight.
std::optional<Reading> read_operand(const onnx::NodeProto& node, int input,
                                    const TensorView& view) {
  if (is_standard(node) && node.op_type() == "MatMul" && input <= 1)
    return read_matmul(view, input);
  if (is_standard(node) && node.op_type() == "Gemm" && input <= 1) {
    return read_gemm(node, view, input);
  }
  if (is_standard(node) && node.op_type() == "Conv" && input == 1) return read_conv(node, view);
  for (const SkippedOp& skipped : kSkippedOps) {
    const bool named = input == skipped.inputs[0] || input == skipped.inputs[1];
    if (node.op_type() == skipped.op && named) return Reading{{}, std::string(skipped.reason)};
  }
  return std::nullopt;
}

/// First user of `value`, through views, that is not a weight use; empty if there is none.
std::string other_use(const GraphScope& scope, const std::string& value) {
  std::vector<std::string> open{value};
  for (size_t next = 0; next < open.size(); ++next) {
    if (next > kMaxChain) return "more views than are followed";
    const std::string current = open[next];
    if (scope.is_output(current)) return "an output of the graph";
    if (scope.used_in_subgraph(current)) return "a subgraph";
    for (const GraphScope::Use& use : scope.uses(current)) {
      if (is_view_op(*use.node) && use.input == 0 && use.node->output_size() > 0) {
        open.push_back(use.node->output(0));
      } else if (!read_operand(*use.node, use.input, TensorView{})) {
        return use.node->op_type() + " '" + display_name(*use.node) + "'";
      }
    }
  }
  return {};
}

class Finder {
 public:
  explicit Finder(const onnx::ModelProto& model) {
    for (const auto& function : model.functions()) {
      functions_.insert(function.domain() + '\n' + function.name());
    }
  }

  void visit(const GraphScope& scope, const std::string& place) {
    for (const onnx::NodeProto* node : scope.nodes()) {
      const bool is_call = functions_.contains(node->domain() + '\n' + node->op_type());
      for (int input = 0; input < node->input_size(); ++input) {
        if (is_call) {
          visit_argument(scope, *node, input);
        } else {
          visit(scope, *node, input, place);
        }
      }
      for (const onnx::GraphProto* nested : subgraphs(*node)) {
        visit(GraphScope(*nested, &scope),
              "inside a subgraph of " + node->op_type() + " '" + display_name(*node) + "'");
      }
    }
    // Another scope may lie where this one did.
    std::erase_if(other_uses_, [&](const auto& known) { return known.first.first == &scope; });
  }
  std::vector<WeightInfo> take() { return std::move(weights_); }

 private:
  void visit(const GraphScope& scope, const onnx::NodeProto& node, int input,
             const std::string& place) {
    // Asked with an empty view first: most inputs are no weights, and tracing them costs.
    if (!read_operand(node, input, TensorView{})) return;
    const Origin origin = trace(scope, node.input(input));
    if (origin.tensor == nullptr || origin.tensor->dims_size() < 2) return;
    WeightInfo info = describe(scope, node, input, origin);
    if (info.reason.empty() && !place.empty()) info.reason = place;
    info.prunable = info.reason.empty();
    add(origin.tensor, std::move(info));
  }

  /// What a function does with its arguments is not followed: matrices of floats are only named.
  void visit_argument(const GraphScope& scope, const onnx::NodeProto& call, int input) {
    const onnx::TensorProto* tensor = scope.constant(call.input(input));
    if (tensor == nullptr || tensor->dims_size() < 2 || !pruned_dtype(tensor->data_type())) return;
    WeightInfo info;
    info.name = call.input(input);
    info.op = call.op_type();
    info.nodes.push_back(display_name(call));
    info.dims.assign(tensor->dims().begin(), tensor->dims().end());
    info.dtype_name = type_name(tensor->data_type());
    info.reason = "an argument of the model-local function '" + call.op_type() + "'";
    add(tensor, std::move(info));
  }

  WeightInfo describe(const GraphScope& scope, const onnx::NodeProto& node, int input,
                      const Origin& origin) {
    WeightInfo info;
    info.name = origin.name;
    info.op = node.op_type();
    info.nodes.push_back(display_name(node));
    info.dims.assign(origin.tensor->dims().begin(), origin.tensor->dims().end());
    info.dtype_name = type_name(origin.tensor->data_type());
    std::optional<TensorView> view = whole(info.dims);
    for (const onnx::NodeProto* step : origin.steps) {
      if (view && is_view_op(*step)) view = apply(*step, scope, *view);
    }
    if (!view) {
      info.reason = "stored behind a reshape that is not constant or not a view";
      return info;
    }
    const Reading reading = *read_operand(node, input, *view);
    if (reading.order) {
      info.K = reading.order->K;
      info.N = reading.order->N;
      info.transposed = reading.order->transposed;
    }
    const auto dtype = pruned_dtype(origin.tensor->data_type());
    info.dtype = dtype.value_or(DType::kF32);
    if (!origin.blocked_by.empty()) {
      info.reason = "quantized on its way by " + origin.blocked_by;
    } else if (!reading.reason.empty()) {
      info.reason = reading.reason;
    } else if (!dtype) {
      info.reason = info.dtype_name + " is not one of float, float16, bfloat16";
    } else if (!reading.order) {
      info.reason = "its elements are stored neither as [K, N] nor as [N, K]";
    } else if (const std::string& other = known_other_use(scope, origin.name); !other.empty()) {
      info.reason = "also used by " + other;
    }
    return info;
  }

  /// other_use(), asked once for each value: every use of it would go through all uses.
  const std::string& known_other_use(const GraphScope& scope, const std::string& value) {
    const auto [known, is_new] = other_uses_.try_emplace({&scope, value});
    if (is_new) known->second = other_use(scope, value);
    return known->second;
  }

  /// One entry per stored tensor; all its uses must agree.
  void add(const onnx::TensorProto* tensor, WeightInfo info) {
    const auto [known, is_new] = index_.emplace(tensor, weights_.size());
    if (is_new) {
      weights_.push_back(std::move(info));
      return;
    }
    WeightInfo& first = weights_[known->second];
    first.nodes.insert(first.nodes.end(), info.nodes.begin(), info.nodes.end());
    if (!first.prunable) return;
    if (!info.prunable) {
      first.reason = info.reason;
    } else if (first.K != info.K || first.N != info.N || first.transposed != info.transposed) {
      first.reason = "used by several nodes in different orientations";
    }
    first.prunable = first.reason.empty();
  }

  std::set<std::string> functions_;  ///< domain and name
  std::vector<WeightInfo> weights_;
  std::map<std::pair<const GraphScope*, std::string>, std::string> other_uses_;
  std::unordered_map<const onnx::TensorProto*, size_t> index_;
};

}  // namespace

std::vector<WeightInfo> find_weights(const onnx::ModelProto& model) {
  Finder finder(model);
  finder.visit(GraphScope(model.graph(), nullptr), "");
  for (const auto& function : model.functions()) {
    finder.visit(GraphScope(function), "inside the model-local function '" + function.name() + "'");
  }
  return finder.take();
}

}  // namespace tvw::io
