#include <onnx/version_converter/convert.h>

#include "io/decode.hpp"
#include "io/find_weights.hpp"
#include "io/model_state.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {

void OnnxModel::raise_for_packing() {
  onnx::ModelProto& model = state_->proto;
  const int64_t opset = default_opset(model);
  if (opset < kLeastOpset) {
    std::string why;
    try {
      onnx::ModelProto raised =
          onnx::version_conversion::ConvertVersion(model, static_cast<int>(kLeastOpset));
      model.Swap(&raised);
    } catch (const std::exception& error) {
      why = error.what();
    }
    if (!why.empty() || default_opset(model) < kLeastOpset) {
      throw Error(ErrorCode::kUnsupported,
                  state_->path.string() + " has opset " + std::to_string(opset) +
                      ", packed output needs " + std::to_string(kLeastOpset) +
                      " and onnx cannot convert it (" + why.substr(0, why.find('\n')) +
                      "); --emit masked writes it as it is");
    }
    state_->weights = find_weights(model);
  }
  if (model.ir_version() < kLeastIr) model.set_ir_version(kLeastIr);
}

}  // namespace tvw::io
