/// @file A model's own weights as layers to measure.
#pragma once

#include <string>
#include <vector>

#include "tvw/bench/request.hpp"

namespace tvw::cli {

/// One layer per packed weight of `model`, under the weight's name.
/// @throws Error as io::load_packed; kNothingToDo if it has none
[[nodiscard]] std::vector<bench::BenchLayer> packed_layers(const std::string& model);

/// One layer per prunable weight of a plain ONNX; the request's patterns are applied to them.
/// @throws Error as io::load_onnx; kNothingToDo if it has none
[[nodiscard]] std::vector<bench::BenchLayer> dense_layers(const std::string& model);

/// True if the model's sidecar is there, so that packed_layers() is the one to call.
[[nodiscard]] bool is_packed(const std::string& model);

}  // namespace tvw::cli
