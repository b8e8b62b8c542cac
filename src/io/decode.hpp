/// @file How the graph gets a packed weight back: ONNX functions of standard ops.
#pragma once

#include <string>
#include <vector>

#include "io/proto.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw::io {

inline constexpr const char* kDecodeDomain = "org.tvw";
/// Least opset and IR in which the functions can be written.
inline constexpr int64_t kLeastOpset = 11;
inline constexpr int64_t kLeastIr = 8;

/// One function: UnpackTvw, UnpackTw, UnpackNm, UnpackBlockEll or UnpackCsr, for one element type
/// and stored order. Its inputs are the packed tensors in the order of to_tensors(), then
///   buffer_shape I64 [2]  matrix in stored order with room for pads
///   matrix_shape I64 [2]  the same without
///   shape I64 [rank]      the source tensor's dims
struct Decoder {
  std::string format;  ///< pack::format_name
  PatternSpec pattern;
  DType dtype = DType::kF32;
  bool transposed = false;  ///< the source tensor is [N, K]
  bool wide = false;        ///< positions in the buffer need 64 bits
  bool padded = false;      ///< the buffer is larger than the matrix
  bool reshaped = false;    ///< the source tensor's dims are not those of the matrix
  bool index_cut = false;   ///< 2-bit indices do not end with a byte
};

/// "UnpackTvw", with what is not f32, [K, N], 2:4, the tensor's own dims appended:
/// "UnpackTvw_f16_t".
[[nodiscard]] std::string function_name(const Decoder& decoder);
/// Valid for every opset from kLeastOpset on.
[[nodiscard]] onnx::FunctionProto make_function(const Decoder& decoder, int64_t opset);

struct BufferShape {
  std::vector<int64_t> buffer;
  std::vector<int64_t> matrix;
};
[[nodiscard]] BufferShape buffer_shape(const pack::PackedWeights& packed, bool transposed);
[[nodiscard]] Decoder decoder_for(const pack::PackedWeights& packed, const PatternSpec& pattern,
                                  const std::vector<int64_t>& dims, bool transposed);

}  // namespace tvw::io
