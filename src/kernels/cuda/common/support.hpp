/// @file What all executors of 16-bit tensor-core kernels can do besides their hardware.
#pragma once

#include <string_view>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cuda {

/// Weights of `format` that make_tensor_core_tiles takes, f16 or bf16 like the problem, M >= 1.
[[nodiscard]] Support supports_16_bit(const Problem& problem, std::string_view format);
/// Any format: the types only.
[[nodiscard]] Support supports_16_bit_types(const Problem& problem);
/// What the libraries' products take: the types, without bias and activation.
[[nodiscard]] Support supports_baseline(const Problem& problem);

}  // namespace tvw::kernels::cuda
