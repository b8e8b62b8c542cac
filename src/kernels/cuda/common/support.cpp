#include "kernels/cuda/common/support.hpp"

#include <string>

#include "kernels/cuda/weights/tensor_core_tiles.hpp"

namespace tvw::kernels::cuda {

Support supports_16_bit_types(const Problem& problem) {
  if (problem.dtype == DType::kF32) return Support::no("computes in f16 and bf16, asked for f32");
  const DType stored = pack::dtype(*problem.weights);
  if (stored != problem.dtype) {
    return Support::no("weights are " + std::string(name(stored)) + ", activations " +
                       std::string(name(problem.dtype)));
  }
  if (problem.epilogue.add_to_c) return Support::no("cannot add to what C holds");
  if (problem.M < 1) return Support::no("M is " + std::to_string(problem.M));
  return Support::yes();
}

Support supports_baseline(const Problem& problem) {
  if (!problem.epilogue.bias.empty() || problem.epilogue.activation != Activation::kNone) {
    return Support::no("the baseline is the product alone, without bias and activation");
  }
  return supports_16_bit_types(problem);
}

Support supports_16_bit(const Problem& problem, std::string_view format) {
  if (pack::format_name(*problem.weights) != format) {
    return Support::no("weights are " + std::string(pack::format_name(*problem.weights)) +
                       ", not " + std::string(format));
  }
  const Support types = supports_16_bit_types(problem);
  return types ? tensor_core_support(*problem.weights) : types;
}

}  // namespace tvw::kernels::cuda
