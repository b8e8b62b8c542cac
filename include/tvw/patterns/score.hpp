/// @file From weights to scores: how much an element matters.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/matrix_view.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::patterns {

/// w^2 of every element, [K, N] row-major, finite: squares past the largest float are that float.
/// `name` is the weight's, for messages.
/// @throws Error kNonFinite a NaN or Inf weight; names the tensor and [k, n]
[[nodiscard]] std::vector<float> magnitude_scores(const DenseMatrix& weight, std::string_view name);

/// Mean over all elements; 0 for none. The global budget divides by it.
[[nodiscard]] double mean_score(MatrixView<const float> scores);

/// Keeps what is not 0, however small.
[[nodiscard]] Mask nonzero_mask(const DenseMatrix& weight);

}  // namespace tvw::patterns
