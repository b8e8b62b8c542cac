/// @file A model's own weights as layers to measure.
#pragma once

#include <vector>

#include "tvw/bench/request.hpp"
#include "tvw/io/onnx_model.hpp"

namespace tvw::cli {

/// One layer per packed weight of `model`, under the weight's name.
/// @throws Error as io::load_packed; kNothingToDo if it has none
[[nodiscard]] std::vector<bench::BenchLayer> packed_layers(const io::OnnxModel& model);

/// One layer per prunable weight of a plain ONNX; the request's patterns are applied to them.
/// @throws Error kNothingToDo if it has none
[[nodiscard]] std::vector<bench::BenchLayer> dense_layers(io::OnnxModel model);

}  // namespace tvw::cli
