/// @file The one include of onnx's protobuf types.
#pragma once

#include <onnx/onnx_pb.h>

namespace tvw::io {

namespace onnx = ::ONNX_NAMESPACE;

}  // namespace tvw::io
