#include "tvw/kernels/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels {
namespace {

constexpr double kSubnormalStep = 0x1p-24;

double activate(double x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kGeluErf:
      return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
    case Activation::kGeluTanh:
      return 0.5 * x *
             (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  return x;
}

int64_t index_in_c(Layout layout, const GemmShape& shape, OutputPosition at) {
  return layout == Layout::kTokenMajor ? at.m * shape.N + at.n : at.n * shape.M + at.m;
}

/// One output, and what its rounding errors are measured by.
struct Output {
  double value = 0.0;
  double scale = 0.0;  ///< sum of |products| + |bias| + |former C|
};

/// Unpacked weights, by column so that one output reads a contiguous run.
class Reference {
 public:
  Reference(const Problem& problem, std::span<const float> A, std::span<const float> former_C)
      : problem_(problem), A_(A), former_C_(former_C), shape_(problem.shape()) {
    if (static_cast<int64_t>(A.size()) != shape_.M * shape_.K) {
      throw Error(ErrorCode::kInvalidArgument, "reference: activations do not have M * K values");
    }
    if (problem.epilogue.add_to_c && static_cast<int64_t>(former_C.size()) != shape_.M * shape_.N) {
      throw Error(ErrorCode::kInvalidArgument, "reference: former results are not M * N values");
    }
    const std::vector<float> rows = pack::unpack(*problem.weights).values.to_f32();
    columns_.resize(rows.size());
    parallel_for(shape_.N, [&](int64_t n) {
      for (int64_t k = 0; k < shape_.K; ++k) {
        columns_[static_cast<size_t>(n * shape_.K + k)] =
            rows[static_cast<size_t>(k * shape_.N + n)];
      }
    });
  }

  /// The K activations of token m, one after the other; `buffer` is used if they lie apart.
  [[nodiscard]] std::span<const float> token(int64_t m, std::vector<float>& buffer) const {
    const auto K = static_cast<size_t>(shape_.K);
    if (problem_.layout == Layout::kTokenMajor) {
      return A_.subspan(static_cast<size_t>(m) * K, K);
    }
    buffer.resize(K);
    for (int64_t k = 0; k < shape_.K; ++k) {
      buffer[static_cast<size_t>(k)] = A_[static_cast<size_t>(k * shape_.M + m)];
    }
    return buffer;
  }

  /// `a`: the activations of the position's token.
  [[nodiscard]] Output at(OutputPosition position, std::span<const float> a) const {
    const float* b = columns_.data() + position.n * shape_.K;
    Output output;
    for (int64_t k = 0; k < shape_.K; ++k) {
      const double product =
          static_cast<double>(a[static_cast<size_t>(k)]) * static_cast<double>(b[k]);
      output.value += product;
      output.scale += std::abs(product);
    }
    if (!problem_.epilogue.bias.empty()) {
      const double bias = problem_.epilogue.bias[static_cast<size_t>(position.n)];
      output.value += bias;
      output.scale += std::abs(bias);
    }
    if (problem_.epilogue.add_to_c) {
      const double former =
          former_C_[static_cast<size_t>(index_in_c(problem_.layout, shape_, position))];
      output.value += former;
      output.scale += std::abs(former);
    }
    output.value = activate(output.value, problem_.epilogue.activation);
    return output;
  }

 private:
  const Problem& problem_;
  std::span<const float> A_;
  std::span<const float> former_C_;  ///< only if the epilogue adds to it
  GemmShape shape_;
  std::vector<float> columns_;  ///< [N, K]
};

std::vector<Output> outputs(const Problem& problem, std::span<const float> A,
                            std::span<const OutputPosition> positions,
                            std::span<const float> former_C) {
  const Reference reference(problem, A, former_C);
  std::vector<Output> result(positions.size());
  // Positions of one token that follow each other fetch its activations once.
  constexpr int64_t kTogether = 64;
  const auto count = static_cast<int64_t>(positions.size());
  parallel_for(parts_of(count, kTogether), [&](int64_t part) {
    std::vector<float> buffer;
    std::span<const float> a;
    for (int64_t i = part * kTogether; i < std::min(count, (part + 1) * kTogether); ++i) {
      const OutputPosition position = positions[static_cast<size_t>(i)];
      const bool same_token =
          i % kTogether != 0 && positions[static_cast<size_t>(i) - 1].m == position.m;
      if (!same_token) a = reference.token(position.m, buffer);
      result[static_cast<size_t>(i)] = reference.at(position, a);
    }
  });
  return result;
}

}  // namespace

std::vector<double> reference_outputs(const Problem& problem, std::span<const float> A,
                                      std::span<const OutputPosition> positions,
                                      std::span<const float> former_C) {
  std::vector<double> values;
  for (const Output& output : outputs(problem, A, positions, former_C))
    values.push_back(output.value);
  return values;
}

double tolerance(int64_t K, DType dtype) {
  // Rounding errors of a sum of K products in f32 are random: they grow with sqrt(K), and 4 covers
  // the largest of many outputs. The output is rounded once more to its own type, by half a unit
  // in the last place, relative to the value and so to the scale.
  const double f32 = 4.0 * std::numeric_limits<float>::epsilon() *
                     std::sqrt(static_cast<double>(std::max<int64_t>(K, 1)));
  switch (dtype) {
    case DType::kF32:
      return f32;
    case DType::kF16:
      return f32 + 0x1p-11;
    case DType::kBF16:
      return f32 + 0x1p-8;
  }
  return f32;
}

ErrorReport compare_with_reference(const Problem& problem, std::span<const float> A,
                                   std::span<const float> C,
                                   std::span<const OutputPosition> positions,
                                   std::span<const float> former_C) {
  const GemmShape shape = problem.shape();
  if (static_cast<int64_t>(C.size()) != shape.M * shape.N) {
    throw Error(ErrorCode::kInvalidArgument, "reference: results do not have M * N values");
  }
  const std::vector<Output> want = outputs(problem, A, positions, former_C);
  ErrorReport report;
  for (size_t i = 0; i < positions.size(); ++i) {
    const int64_t index = index_in_c(problem.layout, shape, positions[i]);
    double error = std::abs(static_cast<double>(C[static_cast<size_t>(index)]) - want[i].value);
    // f16 below its normal range has steps of 2^-24, whatever the scale is.
    if (problem.dtype == DType::kF16 && error <= kSubnormalStep) error = 0.0;
    // An output of no products at all must be exact.
    const double relative = error == 0.0 ? 0.0 : error / std::max(want[i].scale, 1e-30);
    ++report.checked;
    if (std::isnan(relative) || report.max_rel_error < relative) report.max_rel_error = relative;
    if (std::isnan(relative)) break;
  }
  report.ok = report.max_rel_error <= tolerance(shape.K, problem.dtype);
  return report;
}

}  // namespace tvw::kernels
