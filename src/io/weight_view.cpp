#include "io/weight_view.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <numeric>
#include <string_view>

namespace tvw::io {
namespace {

constexpr std::array<std::string_view, 7> kViewOps = {
    "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast"};

/// More than any operator means; lists this long are searched axis by axis.
constexpr size_t kMaxRank = 64;

int64_t product(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{1}, std::multiplies<>());
}

/// Axes with dims of 1 say nothing about the order and are dropped; neighbours that lie one behind
/// the other are merged. What is left is the view's true structure.
TensorView merged(const TensorView& view) {
  TensorView simple;
  for (size_t i = 0; i < view.dims.size(); ++i) {
    if (view.dims[i] == 1) continue;
    if (!simple.dims.empty() && simple.strides.back() == view.strides[i] * view.dims[i]) {
      simple.dims.back() *= view.dims[i];
      simple.strides.back() = view.strides[i];
    } else {
      simple.dims.push_back(view.dims[i]);
      simple.strides.push_back(view.strides[i]);
    }
  }
  return simple;
}

/// numpy's reshape without a copy: each new axis must lie inside of one merged old axis.
std::optional<TensorView> reshape(const TensorView& view, const std::vector<int64_t>& dims) {
  if (product(dims) != product(view.dims)) return std::nullopt;
  const TensorView simple = merged(view);
  TensorView result{dims, std::vector<int64_t>(dims.size(), 1)};
  size_t axis = simple.dims.size();
  int64_t left = 1;  // elements of the current old axis not yet given to a new one
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    if (dims[i] == 1) continue;
    if (left == 1) {
      if (axis == 0) return std::nullopt;
      --axis;
      left = simple.dims[axis];
      stride = simple.strides[axis];
    }
    if (dims[i] == 0 || left % dims[i] != 0) return std::nullopt;
    result.strides[i] = stride;
    stride *= dims[i];
    left /= dims[i];
  }
  return result;
}

std::optional<std::vector<int64_t>> int64_constant(const GraphScope& scope,
                                                   const onnx::NodeProto& node, int input) {
  if (input >= node.input_size()) return std::nullopt;
  const auto* tensor = scope.constant(node.input(input));
  if (tensor == nullptr || tensor->data_type() != onnx::TensorProto::INT64) return std::nullopt;
  if (tensor->data_location() == onnx::TensorProto::EXTERNAL) return std::nullopt;
  if (!tensor->has_raw_data()) {
    return std::vector<int64_t>(tensor->int64_data().begin(), tensor->int64_data().end());
  }
  std::vector<int64_t> values(tensor->raw_data().size() / sizeof(int64_t));
  if (!values.empty()) {
    std::memcpy(values.data(), tensor->raw_data().data(), values.size() * sizeof(int64_t));
  }
  return values;
}

/// Values of an attribute, or of the input that later opsets use instead.
std::optional<std::vector<int64_t>> ints(const onnx::NodeProto& node, const GraphScope& scope,
                                         const char* name, int input) {
  std::optional<std::vector<int64_t>> values;
  if (const auto* found = attribute(node, name)) {
    values.emplace(found->ints().begin(), found->ints().end());
  } else {
    values = int64_constant(scope, node, input);
  }
  if (values && values->size() > kMaxRank) return std::nullopt;
  return values;
}

std::optional<TensorView> transpose(const onnx::NodeProto& node, const TensorView& view) {
  const size_t rank = view.dims.size();
  std::vector<int64_t> perm(rank);
  for (size_t i = 0; i < rank; ++i) perm[i] = static_cast<int64_t>(rank - 1 - i);
  if (const auto* found = attribute(node, "perm")) {
    perm.assign(found->ints().begin(), found->ints().end());
  }
  if (perm.size() != rank) return std::nullopt;
  TensorView result;
  std::vector<bool> seen(rank);
  for (const int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<int64_t>(rank) || seen[static_cast<size_t>(axis)]) {
      return std::nullopt;
    }
    seen[static_cast<size_t>(axis)] = true;
    result.dims.push_back(view.dims[static_cast<size_t>(axis)]);
    result.strides.push_back(view.strides[static_cast<size_t>(axis)]);
  }
  return result;
}

std::optional<TensorView> apply_reshape(const onnx::NodeProto& node, const GraphScope& scope,
                                        const TensorView& view) {
  auto dims = ints(node, scope, "shape", 1);
  if (!dims || int_attribute(node, "allowzero", 0) != 0) return std::nullopt;
  const int64_t total = product(view.dims);
  int64_t known = 1;
  std::optional<size_t> open;
  for (size_t i = 0; i < dims->size(); ++i) {
    int64_t& dim = (*dims)[i];
    if (dim == 0 && i < view.dims.size()) dim = view.dims[i];
    if (dim == -1 && !open) {
      open = i;
    } else if (dim < 1 || known > total / dim) {
      return std::nullopt;
    } else {
      known *= dim;
    }
  }
  if (open) {
    if (total % known != 0) return std::nullopt;
    (*dims)[*open] = total / known;
  }
  return reshape(view, *dims);
}

std::optional<TensorView> squeeze(const onnx::NodeProto& node, const GraphScope& scope,
                                  const TensorView& view) {
  const auto axes = ints(node, scope, "axes", 1);
  const bool given = attribute(node, "axes") != nullptr || node.input_size() > 1;
  if (given && !axes) return std::nullopt;  // which axes go is not known here
  const auto rank = static_cast<int64_t>(view.dims.size());
  TensorView result;
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t dim = view.dims[static_cast<size_t>(i)];
    const bool named =
        !axes ? dim == 1 : std::any_of(axes->begin(), axes->end(), [&](int64_t axis) {
          return axis == i || axis == i - rank;
        });
    if (named && dim != 1) return std::nullopt;
    if (named) continue;
    result.dims.push_back(dim);
    result.strides.push_back(view.strides[static_cast<size_t>(i)]);
  }
  return result;
}

std::optional<TensorView> unsqueeze(const onnx::NodeProto& node, const GraphScope& scope,
                                    const TensorView& view) {
  auto axes = ints(node, scope, "axes", 1);
  if (!axes) return std::nullopt;
  const auto rank = static_cast<int64_t>(view.dims.size() + axes->size());
  for (int64_t& axis : *axes) axis = axis < 0 ? axis + rank : axis;
  TensorView result;
  size_t from = 0;
  for (int64_t i = 0; i < rank; ++i) {
    if (std::find(axes->begin(), axes->end(), i) != axes->end()) {
      result.dims.push_back(1);
      result.strides.push_back(1);
    } else if (from < view.dims.size()) {
      result.dims.push_back(view.dims[from]);
      result.strides.push_back(view.strides[from++]);
    } else {
      return std::nullopt;
    }
  }
  return result;
}

std::optional<TensorView> flatten(const onnx::NodeProto& node, const TensorView& view) {
  const auto rank = static_cast<int64_t>(view.dims.size());
  int64_t axis = int_attribute(node, "axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) return std::nullopt;
  int64_t rows = 1;
  for (int64_t i = 0; i < axis; ++i) rows *= view.dims[static_cast<size_t>(i)];
  if (rows == 0) return std::nullopt;
  return reshape(view, {rows, product(view.dims) / rows});
}

/// One stride for several axes, or nullopt if they do not merge. A single element has any stride.
struct MergedAxis {
  int64_t size = 1;
  int64_t stride = 0;
};
std::optional<MergedAxis> merge(const TensorView& view, const std::vector<size_t>& axes) {
  TensorView part;
  for (const size_t axis : axes) {
    part.dims.push_back(view.dims[axis]);
    part.strides.push_back(view.strides[axis]);
  }
  const TensorView simple = merged(part);
  if (simple.dims.empty()) return MergedAxis{};
  if (simple.dims.size() > 1) return std::nullopt;
  return MergedAxis{simple.dims[0], simple.strides[0]};
}

}  // namespace

TensorView whole(const std::vector<int64_t>& dims) {
  TensorView view{dims, std::vector<int64_t>(dims.size(), 1)};
  for (size_t i = dims.size(); i-- > 1;) view.strides[i - 1] = view.strides[i] * dims[i];
  return view;
}

bool is_view_op(const onnx::NodeProto& node) {
  return is_standard(node) && node.input_size() > 0 &&
         std::find(kViewOps.begin(), kViewOps.end(), node.op_type()) != kViewOps.end();
}

std::optional<TensorView> apply(const onnx::NodeProto& node, const GraphScope& scope,
                                const TensorView& view) {
  if (view.dims.size() > kMaxRank) return std::nullopt;
  const std::string& op = node.op_type();
  if (op == "Identity" || op == "Cast") return view;
  if (op == "Transpose") return transpose(node, view);
  if (op == "Reshape") return apply_reshape(node, scope, view);
  if (op == "Squeeze") return squeeze(node, scope, view);
  if (op == "Unsqueeze") return unsqueeze(node, scope, view);
  if (op == "Flatten") return flatten(node, view);
  return std::nullopt;
}

std::optional<MatrixOrder> matrix_order(const TensorView& view, const std::vector<size_t>& k_axes,
                                        const std::vector<size_t>& n_axes) {
  const auto k = merge(view, k_axes);
  const auto n = merge(view, n_axes);
  if (!k || !n || k->size == 0 || n->size == 0) return std::nullopt;
  const auto fits = [](const MergedAxis& axis, int64_t stride) {
    return axis.size == 1 || axis.stride == stride;
  };
  if (fits(*n, 1) && fits(*k, n->size)) return MatrixOrder{k->size, n->size, false};
  if (fits(*k, 1) && fits(*n, k->size)) return MatrixOrder{k->size, n->size, true};
  return std::nullopt;
}

}  // namespace tvw::io
