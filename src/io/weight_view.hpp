/// @file The stored tensor as an operand sees it behind Transpose, Reshape and the like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/graph_scope.hpp"

namespace tvw::io {

/// dims and strides (elements) over the stored buffer, like a numpy view.
struct TensorView {
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;
};

[[nodiscard]] TensorView whole(const std::vector<int64_t>& dims);

/// An op that only renames, retypes or reorders its first input.
[[nodiscard]] bool is_view_op(const onnx::NodeProto& node);
/// The view behind `node`; nullopt if that is no view of the stored elements, or not a constant
/// one.
[[nodiscard]] std::optional<TensorView> apply(const onnx::NodeProto& node, const GraphScope& scope,
                                              const TensorView& view);

/// B[K, N] as it lies in the stored buffer: row-major as [K, N], or transposed as [N, K].
struct MatrixOrder {
  int64_t K = 0;
  int64_t N = 0;
  bool transposed = false;
};
/// `k_axes` and `n_axes` of the view, each merged into one. nullopt if the stored elements are in
/// neither order.
[[nodiscard]] std::optional<MatrixOrder> matrix_order(const TensorView& view,
                                                      const std::vector<size_t>& k_axes,
                                                      const std::vector<size_t>& n_axes);

}  // namespace tvw::io
